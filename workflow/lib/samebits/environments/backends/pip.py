"""The backend ``pip``: a virtual environment on the Python that samebits runs on, filled by uv."""

import platform
import re
import sys
from pathlib import Path

from rich.filesize import decimal

from samebits.environments import uv
from samebits.environments.backends.backend import Backend
from samebits.environments.listing import digests, listing
from samebits.environments.lock import read_lock
from samebits.environments.manifest import Manifest, content_digest
from samebits.environments.records import check_installed
from samebits.environments.size import announce, download_size
from samebits.environments.specification import Source, specification
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused


class Pip(Backend):
    """Installs ``requirements.lock`` into a virtual environment."""

    name = "pip"
    folder = "envs"

    def check(self, source: Source) -> None:
        """Refuse what cannot be installed here.

        Raises:
            Refused: the lock is not fit, there are conda packages, or this Python is not the wanted one.
        """
        read_lock(source)
        wanted = specification(source)
        if wanted.conda_only:
            raise Refused(
                f"environment {source.name}: the pip backend cannot install {wanted.conda_only[0]!r}: set "
                f"`backend: conda`, or move it to the `pip:` list of {source.specification}"
            )
        if wanted.python != ".".join(platform.python_version_tuple()[:2]):
            raise Refused(
                f"environment {source.name} is for Python {wanted.python}, and samebits runs on "
                f"{platform.python_version()} ({sys.executable}): install samebits into a Python "
                f"{wanted.python}"
            )

    def lock_digest(self, source: Source) -> str:
        """Name what an environment is made from."""
        return file_digest(source.lock)

    def install(self, source: Source, prefix: Path, key: int) -> Manifest:
        """Install the lock into an empty prefix and check every file; ``key`` stays open while uv runs.

        Raises:
            Refused: a package cannot be fetched or is not what the lock says.
        """
        pins, wanted = read_lock(source), specification(source)
        announce(source, len(pins), prefix)
        site, own = _create(source, prefix, wanted.python)
        _install(source, prefix, wanted.indexes, key)
        files = digests(prefix, listing(prefix))
        added = {path: digest for path, digest in files.items() if path not in own}
        check_installed(source.name, prefix, site, pins, added)
        return Manifest(
            name=source.name,
            lock=self.lock_digest(source),
            python=platform.python_version(),
            digest=content_digest(platform.python_version(), files),
            packages=pins,
            files=files,
            backend=self.name,
        )


BACKEND = Pip()


def _create(source: Source, prefix: Path, python: str) -> tuple[Path, set[str]]:
    """Make an empty virtual environment; return its site-packages and the files it has from the beginning."""
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
        raise Refused(explain(source, error)) from None
    (prefix / ".lock").unlink(missing_ok=True)  # uv's own


def explain(source: Source, error: uv.UvFailed) -> str:
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
            f"`samebits env lock {source.name}` if {source.lock} was edited{_alternative(source)}"
        )
    return (
        f"{what}uv could not install it: {error}; mend that and run `samebits env build {source.name}` again"
    )


def _alternative(source: Source) -> str:
    """Name the environment with CUDA beside one for the CPU, and what it would download."""
    other = Source(re.sub("-cpu$", "-gpu", source.name), source.folder.with_name(f"{source.name[:-4]}-gpu"))
    if other.name == source.name or not other.lock.is_file() or not (size := download_size(other)):
        return ""
    return f"; the environment {other.name} has the build with CUDA, {decimal(size)} to download"
