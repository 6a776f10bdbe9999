"""The library of a spec: all code of samebits that runs in a measured process that trains it.

A training environment holds what its lock names and nothing else, so samebits is not installed into it. The
library travels beside it, in a folder named by its digest: ``sealed/``, and the framework's folder without
its predictor. Both are found by walking. A change to any of these files trains again, and no other does.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path

from samebits.sealed.digest import file_digest, files_digest
from samebits.sealed.traits import Traits

PACKAGE = Path(__file__).parents[1]

#: runs in packages and nowhere else
_PREDICTOR = "predictor.py"


def digest(framework: str, package: Path = PACKAGE) -> str:
    """Name the library of a framework by its content: ``sha256:…``."""
    return files_digest({name: file_digest(package / name) for name in files(framework, package)})


def files(framework: str, package: Path = PACKAGE) -> list[str]:
    """List the library of a framework as sorted paths within the package's folder."""
    traits: Traits = importlib.import_module(f"samebits.frameworks.{framework}").TRAITS
    frameworks = package / "frameworks"
    shared = (path for pattern in traits.shares for path in frameworks.glob(pattern))
    paths = {*_below(package / "sealed"), *_below(frameworks / framework), *shared}
    paths -= set(frameworks.glob(f"*/{_PREDICTOR}"))
    return sorted(path.relative_to(package).as_posix() for path in paths)


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
