"""Install a locked environment into a prefix, check every file, and only then call it built."""

import shutil
from pathlib import Path

from samebits.environments import backends, manifest_file, uv
from samebits.environments.manifest import FILE, MARKER, Manifest
from samebits.environments.specification import Source
from samebits.environments.verify import confirm
from samebits.sealed.errors import Refused
from samebits.sealed.locks import turn


def build(source: Source, prefix: Path, backend: str = backends.DEFAULT, *, force: bool = False) -> Manifest:
    """Make sure that a prefix holds the locked environment, and return its manifest.

    A finished prefix of the same lock is verified and left as it is. One of another lock, and a half-built
    one, are replaced. Processes that build the same prefix at once do it one after the other.

    Args:
        source: the environment's specification and locks.
        prefix: the folder to build; a lock file ``.<name>.lock`` stays beside it.
        backend: what installs it, one of ``backends.NAMES``.
        force: replace a finished prefix too, also a damaged one.

    Raises:
        Refused: the lock is not fit, the backend cannot work here, a package cannot be fetched or is not what
            the lock says, or the prefix is damaged or not ours.
    """
    installer = backends.load(backend)
    installer.check(source)
    lock = installer.lock_digest(source)
    prefix = prefix.resolve()
    try:
        waiting = f"environment {source.name}: waiting, another process is building {prefix}"
        with turn(prefix, waiting) as key:
            if (prefix / FILE).exists() and not force:
                manifest = manifest_file.read(prefix)
                if (manifest.name, manifest.backend) != (source.name, backend):
                    raise Refused(
                        f"{prefix} holds the environment {manifest.name} of the backend {manifest.backend}: "
                        "choose another folder"
                    )
                if manifest.lock == lock:
                    return confirm(prefix)
                uv.say(f"environment {source.name}: its lock has changed")
            _clear(prefix)
            prefix.mkdir(exist_ok=True)
            (prefix / MARKER).touch()
            manifest = installer.install(source, prefix, key)
            manifest_file.write(prefix, manifest)
    except OSError as error:
        where = error.filename or prefix
        raise Refused(
            f"environment {source.name}: {where}: {error.strerror}; mend that or choose another folder"
        ) from None
    uv.say(f"environment {source.name}: {len(manifest.files)} files checked, {manifest.digest}")
    return manifest


def _clear(prefix: Path) -> None:
    """Empty a prefix that an earlier build left; refuse a folder that no build has made.

    The manifest goes first, so that what is left is never taken for a whole environment. The marker stays.
    """
    if prefix.exists() and not prefix.is_dir():
        raise Refused(f"{prefix} is a file: choose another folder")
    if prefix.is_dir() and any(prefix.iterdir()) and not (prefix / MARKER).exists():
        raise Refused(
            f"{prefix} is not empty and no environment of samebits: remove it or choose another folder"
        )
    (prefix / FILE).unlink(missing_ok=True)
    for path in prefix.iterdir() if prefix.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()
