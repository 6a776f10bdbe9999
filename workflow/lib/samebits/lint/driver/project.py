"""Modules of the same project: found beside the file that imports them, read, and never run."""

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

from samebits.lint import catalog
from samebits.lint.driver import analysis
from samebits.lint.reading import Unreadable, read
from samebits.lint.semantics import Semantics
from samebits.lint.semantics.qualified import of_binding

_DEPTH: Final = 4  # imports of imports that are followed


def package_of(path: Path) -> tuple[str, Path]:
    """Return the dotted package that a file is in, and the folder from which it is imported."""
    return _package(path.parent)


@lru_cache(4096)
def _package(folder: Path) -> tuple[str, Path]:
    parts: list[str] = []
    while (folder / "__init__.py").is_file() and folder.parent != folder and len(parts) < 32:
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


def locate(module: str, path: Path) -> Path | None:
    """Return the file of a module that a file imports, if it is of the same project."""
    root = module.partition(".")[0]
    if not root or root in catalog.load().frameworks or root in sys.stdlib_module_names:
        return None
    return _locate(module, path.parent)


@lru_cache(65536)
def _locate(module: str, folder: Path) -> Path | None:
    package, root = _package(folder)
    installed = root.name in ("site-packages", "dist-packages")
    if installed and module.partition(".")[0] != package.partition(".")[0]:
        return None  # another installed package is not of the project
    relative = module.replace(".", "/")
    for base in dict.fromkeys((str(folder), str(root), f"{root}/src")):
        for candidate in (f"{base}/{relative}.py", f"{base}/{relative}/__init__.py"):
            try:
                if os.path.isfile(candidate):  # noqa: PTH113  asked a hundred thousand times
                    return Path(candidate)
            except (OSError, ValueError):  # a name that the file system does not take
                return None
    return None


class Project:
    """What the modules of a project export, read once each.

    Args:
        path: the file under analysis.
        summaries: what other modules export, by file; shared within a process.
        depth: how many imports lie between this file and the first.

    Attributes:
        read: the files on which the analysis depends.
    """

    def __init__(self, path: Path, summaries: dict[Path, dict[str, str]], depth: int = 0):
        self.read: set[Path] = set()
        self._path = path
        self._summaries = summaries
        self._depth = depth

    def is_local(self, module: str) -> bool:
        """Tell whether a module is of this project."""
        return locate(module, self._path) is not None

    def imported(self, module: str, name: str) -> str | None:
        """Return what a name of another module stands for, or None if that is nothing of a framework's."""
        other = locate(module, self._path)
        if other is None or other == self._path or self._depth > _DEPTH:
            return None
        self.read.add(other)
        if other not in self._summaries:
            self._summaries[other] = {}  # a cycle of imports ends here
            self._summaries[other] = self._summary(other)
        return self._summaries[other].get(name)

    def _summary(self, path: Path) -> dict[str, str]:
        """Return what the names of a module stand for."""
        inner = Project(path, self._summaries, self._depth + 1)
        try:
            tree = analysis.parse(read(path, str(path)))
            return exports(Semantics(tree, package_of(path)[0], inner.imported, inner.is_local))
        except (Unreadable, RecursionError):
            return {}  # it is reported where it is linted itself


def exports(semantics: Semantics) -> dict[str, str]:
    """Return what a module's names stand for, where that is something of another package."""
    names = {}
    for name, bounds in semantics.nodes.module.bindings.items():
        if name == "*":
            continue
        path = of_binding(semantics, bounds[-1])
        if _is_foreign(path):
            names[name] = path
        elif path.startswith("local:") and (function := semantics.nodes.local.get(path)) is not None:
            given = {semantics.path(each) for each in semantics.returned(function)}
            if len(given) == 1 and _is_foreign(one := given.pop()):
                names[name] = f"->{one}"
    return names


def _is_foreign(path: str) -> bool:
    return "." in path and not path.startswith(("?", "local:"))
