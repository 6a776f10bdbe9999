"""Install a locked environment into a prefix, check every file, and only then call it built."""

import fcntl
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samebits.digest import file_digest
from samebits.environments import manifest as manifests
from samebits.environments import uv
from samebits.environments.lock import read_lock
from samebits.environments.manifest import Manifest, content_digest
from samebits.environments.records import check_installed
from samebits.environments.source import Source, specification
from samebits.environments.tree import digests, listing
from samebits.environments.verify import verify
from samebits.errors import Refused

#: says that a folder is ours to remove
MARKER = ".samebits-environment"


def build(source: Source, prefix: Path, *, force: bool = False) -> Manifest:
    """Make sure that a prefix holds the locked environment, and return its manifest.

    A finished prefix of the same lock is verified and left as it is. One of another lock, and a half-built
    one, are replaced. Processes that build the same prefix at once do it one after the other.

    Args:
        source: the environment's specification and lock.
        prefix: the folder to build; a lock file ``.<name>.lock`` stays beside it.
        force: replace a finished prefix too, also a damaged one.

    Raises:
        Refused: the lock is not fit, this Python is another than the specification's, a package cannot be
            fetched or is not what the lock says, or the prefix is damaged or not ours.
    """
    pins = read_lock(source)
    wanted = specification(source)
    if wanted.python != ".".join(platform.python_version_tuple()[:2]):
        raise Refused(
            f"environment {source.name} is for Python {wanted.python}, and samebits runs on "
            f"{platform.python_version()} ({sys.executable}): install samebits into a Python {wanted.python}"
        )
    lock = file_digest(source.lock)
    prefix = prefix.resolve()
    try:
        with _alone(source.name, prefix) as key:
            if (prefix / manifests.FILE).exists() and not force:
                manifest = manifests.read(prefix)
                if manifest.name != source.name:
                    raise Refused(f"{prefix} holds the environment {manifest.name}: choose another folder")
                if manifest.lock == lock:
                    return verify(prefix)
                uv.say(f"environment {source.name}: its lock has changed")
            _clear(prefix)
            uv.say(f"environment {source.name}: installing {len(pins)} packages into {prefix}")
            site, own = _create(source, prefix, wanted.python)
            _install(source, prefix, wanted.indexes, key)
            files = digests(prefix, listing(prefix))
            added = {path: digest for path, digest in files.items() if path not in own}
            check_installed(source.name, prefix, site, pins, added)
            manifest = Manifest(
                name=source.name,
                lock=lock,
                python=platform.python_version(),
                digest=content_digest(platform.python_version(), files),
                packages=pins,
                files=files,
            )
            manifests.write(prefix, manifest)
    except OSError as error:
        where = error.filename or prefix
        raise Refused(
            f"environment {source.name}: {where}: {error.strerror}; mend that or choose another folder"
        ) from None
    uv.say(f"environment {source.name}: {len(files)} files checked, {manifest.digest}")
    return manifest


@contextmanager
def _alone(name: str, prefix: Path) -> Iterator[int]:
    """Wait until no other process builds this prefix; yields the lock's file descriptor.

    The lock lies beside the prefix, which is removed and made again. It is never deleted: another process may
    already wait for it.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(prefix.parent / f".{prefix.name}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            uv.say(f"environment {name}: waiting, another process is building {prefix}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _clear(prefix: Path) -> None:
    """Empty a prefix that an earlier build left; refuse a folder that none has made.

    The manifest goes first, so that no one takes the rest for whole. The marker stays.
    """
    if prefix.exists() and not prefix.is_dir():
        raise Refused(f"{prefix} is a file: choose another folder")
    if prefix.is_dir() and any(prefix.iterdir()) and not (prefix / MARKER).exists():
        raise Refused(
            f"{prefix} is not empty and no environment of samebits: remove it or choose another folder"
        )
    (prefix / manifests.FILE).unlink(missing_ok=True)
    for path in prefix.iterdir() if prefix.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()


def _create(source: Source, prefix: Path, python: str) -> tuple[Path, set[str]]:
    """Make an empty virtual environment; return its site-packages and the files it has from the beginning."""
    prefix.mkdir(exist_ok=True)
    (prefix / MARKER).touch()
    arguments = ["venv", "--quiet", "--no-project", "--allow-existing"]
    try:
        uv.run([*arguments, "--python", sys.executable, str(prefix)])
    except uv.UvFailed as error:
        raise Refused(f"environment {source.name}: no virtual environment in {prefix}: {error}") from None
    site = prefix / "lib" / f"python{python}" / "site-packages"
    for path in site.iterdir():
        path.unlink()  # older uvs put a hook there that every start of Python runs; only locked code may
    return site, set(listing(prefix))


def _install(source: Source, prefix: Path, indexes: tuple[str, ...], key: int) -> None:
    """Install the lock, bytecode included: measured processes write none and still must start fast."""
    # --link-mode: copies, not hard links to uv's cache, or a write into one prefix would reach all others
    arguments = ["pip", "sync", "--require-hashes", "--no-build", "--compile-bytecode", "--link-mode=copy"]
    arguments += ["--python", str(prefix / "bin" / "python"), str(source.lock)]
    try:
        # uv inherits the lock: if this process is killed, a uv that lives on still keeps others out
        uv.run(arguments, indexes=indexes, keep_open=[key])
    except uv.UvFailed as error:
        raise Refused(_explain(source, error)) from None
    (prefix / ".lock").unlink(missing_ok=True)  # uv's own


def _explain(source: Source, error: uv.UvFailed) -> str:
    """Turn uv's error into ours: what is wrong, where, and what mends it."""
    what = f"environment {source.name}: "
    if error.mismatch:
        return (
            f"{what}the file of {error.mismatch} has none of the hashes in {source.lock}: the lock was "
            "edited or the wheel replaced; restore what was changed, or trust the new file by "
            f"`samebits env lock {source.name}`"
        )
    if error.missing:
        return (
            f"{what}{error}; put its wheel into a folder that PIP_FIND_LINKS names, or run "
            f"`samebits env lock {source.name}` if {source.lock} was edited"
        )
    return (
        f"{what}uv could not install it: {error}; mend that and run `samebits env build {source.name}` again"
    )
