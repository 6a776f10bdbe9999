"""The files below a folder, each named by its bytes."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samebits.sealed.digest import file_digest


def listing(folder: Path) -> list[str]:
    """List all files and links below a folder as relative paths, sorted; links are not followed."""
    return sorted(_walk(str(folder), ""))


def digests(folder: Path, paths: list[str]) -> dict[str, str]:
    """Name each file by ``sha256:…``, each link by ``-> target``.

    Hashing leaves Python's global lock, so threads help; how many changes nothing but the time.
    """
    threads = max(2, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(threads) as pool:
        values = pool.map(lambda path: _name(folder / path), paths, chunksize=64)
        return dict(zip(paths, values, strict=True))


def _walk(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name


def _name(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return file_digest(path)
