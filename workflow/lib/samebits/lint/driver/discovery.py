"""The files to lint: those named, and all below the folders named."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from samebits.lint.driver.selection import SKIPPED, Settings
from samebits.sealed.errors import Refused

PYTHON: Final = (".py", ".pyi", ".ipynb")
CUDA: Final = (".cu", ".cuh")


def files(paths: Iterable[Path], settings: Settings) -> list[Path]:
    """Return the files to lint, each once: those named, and those below the folders named, sorted.

    Raises:
        Refused: a path does not exist.
    """
    wanted: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            wanted.update(dict.fromkeys(_below(path, settings)))
        elif path.exists():
            if not _is_in_other_language(path):
                wanted[path] = None
        else:
            raise Refused(f"lint: {path}: no such file or folder")
    return list(wanted)


def _is_in_other_language(path: Path) -> bool:
    """Tell whether a file's first line hands it to another interpreter than Python."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(256)
    return first.startswith(b"#!") and b"python" not in first


def _below(folder: Path, settings: Settings) -> Iterator[Path]:
    """Yield the files below a folder; a folder that is reached twice, as by a link, is walked once."""
    seen: set[tuple[int, int]] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        status = Path(here).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not settings.excludes(Path(here, f)))
        for name in sorted(names):
            path = Path(here, name)
            kind = name[name.rfind(".") :] if "." in name else ""
            wanted = kind in PYTHON or kind in CUDA or (name.startswith("requirements") and kind == ".txt")
            if wanted and not settings.excludes(path):
                yield path


def shown(path: Path) -> str:
    """Return a path as reports name it: relative to the working directory where it is below it."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
