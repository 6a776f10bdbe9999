"""Hold an installed conda environment against its locks: the packages, and every file of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samebits.environments.backends.conda.package_cache import Package, fetch
from samebits.environments.backends.conda.payload import Entry, entries
from samebits.environments.records import check_installed
from samebits.environments.specification import Source, specification
from samebits.sealed.errors import Refused

#: what installers and Snakemake leave in an environment beside the packages
FOREIGN = ("conda-meta/", "CACHEDIR.TAG", "env_setup_done")


def check(
    source: Source, prefix: Path, packages: list[Package], pins: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, str]:
    """Check that a prefix holds the locked packages and wheels, each file as packed, and nothing else.

    Args:
        source: the environment.
        prefix: its folder.
        packages: the locked conda packages of this platform.
        pins: the locked wheels: name -> version.
        files: what is in the prefix: relative path -> ``sha256:…`` or ``-> target``.

    Returns:
        The files of conda packages as ``Manifest.packaged`` has them.

    Raises:
        Refused: it does not; the message names the package or the file.
    """
    _check_packages(source, prefix, packages)
    python = specification(source).python
    installed = _Installed(source, prefix, files, _written(prefix))
    packaged, listed = {}, set()
    for package, archive in zip(packages, fetch(packages), strict=True):
        for entry in entries(archive, python):
            listed.add(entry.path)
            if "__pycache__/" in entry.path:
                continue  # compiled anew, as that of wheels is
            installed.check_entry(package, entry)
            if entry.sha256:
                packaged[entry.path] = entry.sha256
    rest = {
        path: digest
        for path, digest in files.items()
        if path not in listed and not path.startswith(FOREIGN) and not _is_bytecode_of(path, listed)
    }
    site = prefix / "lib" / f"python{python}" / "site-packages"
    check_installed(source.name, prefix, site, pins, rest)
    return packaged


def _check_packages(source: Source, prefix: Path, packages: list[Package]) -> None:
    """Compare the records of the installation with the lock."""
    installed = {path.stem for path in prefix.glob("conda-meta/*.json")}
    locked = {f"{each.name}-{each.version}-{each.build}" for each in packages}
    differences = [f"it lacks {each}" for each in sorted(locked - installed)][:1]
    differences += [f"it has {each}" for each in sorted(installed - locked)][:1]
    if differences:
        raise Refused(
            f"environment {source.name}: {prefix} is not as {source.conda_lock} says: "
            f"{', '.join(differences)}: {_mend(prefix)}"
        )


def _written(prefix: Path) -> dict[str, str]:
    """Return what the installation wrote into files that hold the prefix: path -> ``sha256:…``."""
    digests = {}
    for path in prefix.glob("conda-meta/*.json"):
        for each in json.loads(path.read_bytes()).get("paths_data", {}).get("paths", ()):
            if digest := each.get("sha256_in_prefix"):
                digests[each["_path"]] = f"sha256:{digest}"
    return digests


@dataclass(frozen=True)
class _Installed:
    """An environment as it lies in its prefix.

    Attributes:
        source: what it was made from.
        prefix: its folder.
        files: what is in the prefix: relative path -> ``sha256:…`` or ``-> target``.
        written: of these, the files into which the installation wrote the prefix: path -> ``sha256:…``.
    """

    source: Source
    prefix: Path
    files: Mapping[str, str]
    written: Mapping[str, str]

    def check_entry(self, package: Package, entry: Entry) -> None:
        """Refuse a file of a package that is missing or not as it was packed."""
        name = self.source.name
        if entry.path not in self.files:
            raise Refused(
                f"environment {name}: {package.name} lacks its file {entry.path}: {_mend(self.prefix)}"
            )
        expected = self.written.get(entry.path, "") if entry.relocated else entry.sha256
        is_link = entry.link and self.files[entry.path].startswith("-> ")
        if not is_link and expected not in ("", self.files[entry.path]):
            raise Refused(
                f"environment {name}: {entry.path} in {self.prefix} is not as {package.name} has it: "
                f"{_mend(self.prefix)}"
            )


def _is_bytecode_of(path: str, paths: set[str]) -> bool:
    folder, _, name = path.rpartition("/__pycache__/")
    return bool(folder) and f"{folder}/{name.partition('.')[0]}.py" in paths


def _mend(prefix: Path) -> str:
    return f"see that all that is locked can be fetched, remove {prefix} and install it again"
