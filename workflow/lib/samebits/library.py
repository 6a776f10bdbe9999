"""The part of samebits that runs inside a measured process, copied beside the environments.

A training environment holds what its lock names and nothing else, so samebits is not installed into it.
The modules that a measured process imports travel as a folder of their own, named by their digest: a change
to any of them retrains, a change to the report does not.
"""

import shutil
from pathlib import Path

from samebits.digest import file_digest, files_digest

#: files and folders of the package that a measured process may import; they import nothing else of it
MEASURED = (
    "__init__.py",
    "checkpoint.py",
    "content.py",
    "cluster.py",
    "data.py",
    "digest.py",
    "engine.py",
    "errors.py",
    "execution.py",
    "fingerprint.py",
    "frameworks",
    "gpus.py",
    "interface.py",
    "ledger.py",
    "library.py",
    "measured.py",
    "recipe.py",
    "script",
    "seal.py",
    "seeds.py",
    "spec.py",
    "tiers.py",
    "tree.py",
)


def digest(package: Path = Path(__file__).parent) -> str:
    """Name the measured modules of a package folder by their content: ``sha256:…``."""
    return files_digest({name: file_digest(package / name) for name in files(package)})


def files(package: Path) -> list[str]:
    """List the measured modules of a package folder as sorted relative paths."""
    found: list[Path] = []
    for name in MEASURED:
        path = package / name
        found += [path] if path.suffix else path.rglob("*.py")
    return sorted(path.relative_to(package).as_posix() for path in found)


def install(folder: Path) -> None:
    """Copy the measured modules to ``folder/samebits``, whole or not at all."""
    package = Path(__file__).parent
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for name in files(package):
        target = part / "samebits" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / name, target)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
