"""Modules of the same project: found beside the file that imports them, read, and never run."""

import os
import sys
from functools import lru_cache
from pathlib import Path

from samebits.lint import catalog
from samebits.lint.source import Unreadable, read


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
        summaries: what was found in other files before, by path; shared within a process.
    """

    def __init__(self, path: Path, summaries: dict[Path, dict[str, str]], depth: int = 0):
        self.path = path
        self.summaries = summaries
        self.depth = depth
        self.read: set[Path] = set()  # what the analysis depends on

    def is_local(self, module: str) -> bool:
        """Tell whether a module is of this project."""
        return locate(module, self.path) is not None

    def imported(self, module: str, name: str) -> str | None:
        """Return what a name of another module stands for, or None if that is nothing of a framework's."""
        found = locate(module, self.path)
        if found is None or found == self.path or self.depth > 4:
            return None
        self.read.add(found)
        return self.summary(found).get(name)

    def summary(self, path: Path) -> dict[str, str]:
        """Return what a module's names stand for."""
        if path not in self.summaries:
            self.summaries[path] = {}  # a cycle of imports ends here
            self.summaries[path] = self._read(path)
        return self.summaries[path]

    def _read(self, path: Path) -> dict[str, str]:
        from samebits.lint.analysis import exports, parse
        from samebits.lint.names import Names

        try:
            inner = Project(path, self.summaries, self.depth + 1)
            names = Names(parse(read(path, str(path))), package_of(path)[0], inner.imported, inner.is_local)
            return exports(names)
        except (Unreadable, RecursionError):
            return {}  # it is reported where it is linted itself
