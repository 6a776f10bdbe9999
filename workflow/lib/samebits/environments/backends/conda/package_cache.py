"""Conda packages on the disk: fetched once, named by their hash, and hashed again whenever they are used."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from samebits.datasets.download import download
from samebits.datasets.sources import shown
from samebits.environments import download_cache
from samebits.environments.backends.conda.channels import located
from samebits.sealed import files
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused
from samebits.sealed.locks import turn


@dataclass(frozen=True)
class Package:
    """A locked conda package: its name, version, URL without mirror, and ``sha256:…`` of its file."""

    name: str
    version: str
    url: str
    sha256: str

    @property
    def file(self) -> str:
        """The file's name, ``python-3.11.9-hb806964_0_cpython.conda``."""
        return unquote(self.url.rpartition("/")[2])

    @property
    def subdir(self) -> str:
        """The platform that it is for, ``linux-64`` or ``noarch``."""
        return self.url.split("/")[-2]

    @property
    def channel(self) -> str:
        """The URL of its channel."""
        return self.url.rsplit("/", 2)[0]

    @property
    def build(self) -> str:
        """The build string, ``hb806964_0_cpython``."""
        return self.file.removesuffix(".conda").removesuffix(".tar.bz2").rpartition("-")[2]


def package_path(package: Package) -> Path:
    """Return where a package is kept."""
    return download_cache.folder("conda") / package.sha256.removeprefix("sha256:")[:16] / package.file


def fetch(packages: list[Package]) -> list[Path]:
    """Return the packages' files, each with the locked hash; fetch those that the cache lacks.

    Raises:
        Refused: one cannot be had, or has another hash than the lock says.
    """
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(_fetch, packages))


def _fetch(package: Package) -> Path:
    target = package_path(package)
    with turn(target, f"{target.name}: waiting, another process is fetching it"):
        if target.is_file():
            if file_digest(target) == package.sha256:
                return target
            target.unlink()  # damaged on the disk
        source = located(package.url)
        if urlsplit(source).scheme == "file":
            _copy(package, Path(unquote(urlsplit(source).path)), target)
        else:
            download(source, package.sha256, target)
    return target


def _copy(package: Package, source: Path, target: Path) -> None:
    try:
        with files.replaced(target) as copy, source.open("rb") as file:
            shutil.copyfileobj(file, copy)
            copy.flush()
            if (digest := file_digest(Path(copy.name))) != package.sha256:
                raise Refused(
                    f"{shown(package.url)} has the hash {digest}, and the lock says {package.sha256}: it was "
                    "replaced; restore it, or trust the new file by `samebits lock`"
                )
    except OSError as error:
        raise Refused(
            f"{shown(package.url)} cannot be had from {error.filename}: {error.strerror}; restore it, "
            "or lock anew by `samebits lock`"
        ) from None
