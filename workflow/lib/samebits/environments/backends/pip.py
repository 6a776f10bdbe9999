"""The backend ``pip``: a virtual environment on the Python that samebits runs on, filled by uv."""

import platform
import sys
from pathlib import Path

from samebits.environments import uv
from samebits.environments.backends.backend import Backend
from samebits.environments.listing import digests, listing
from samebits.environments.lock import read_lock
from samebits.environments.manifest import Manifest, content_digest
from samebits.environments.records import check_installed
from samebits.environments.size import announce
from samebits.environments.specification import Source, specification
from samebits.environments.uv_install import install_wheels
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
        # bytecode included: measured processes write none and still must start fast
        python = str(prefix / "bin" / "python")
        install_wheels(
            source, ["sync", "--compile-bytecode", "--python", python, str(source.lock)], prefix, key
        )
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
