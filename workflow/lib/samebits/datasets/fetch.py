"""Bring a data set to a folder, checked, and write its manifest.

After ``fetch`` the folder holds ``data.json`` and the files that had to be made or downloaded. A user's local
files stay where they are and are only digested. ``samebits.sealed.data`` reads it all in a measured process.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from samebits.datasets.download import Report, download
from samebits.datasets.sources import SHIPPED, Download, Files, Local, Sklearn, Source, check
from samebits.sealed import files as stored
from samebits.sealed.data import File, Manifest
from samebits.sealed.digest import file_digest, files_digest
from samebits.sealed.errors import Refused
from samebits.sealed.locks import turn

ARRAYS = "arrays.safetensors"  # the file that holds a data set of scikit-learn


def fetch(name: str, source: Source, folder: Path, report: Report | None = None) -> Manifest:
    """Make the data set ``name`` in ``folder``; what is already there and right is not downloaded again.

    Args:
        name: the data set's name.
        source: where it comes from.
        folder: its own folder; made if missing. An interrupted download's ``.part`` stays in it. Processes
            that fetch into one folder at once do it one after the other.
        report: is told how downloads go on (see ``samebits.datasets.download.display``).

    Raises:
        Refused: as ``check``; or something is missing, cannot be downloaded, or is not what was pinned.
    """
    check(source)
    with turn(folder, f"data {name}: waiting, another process is fetching it"):
        folder.mkdir(exist_ok=True)
        manifest = Manifest.of(name, dict(_collect(source, folder, report)))
        manifest.write(folder)
    return manifest


def _collect(source: Source, folder: Path, report: Report | None) -> Iterator[tuple[str, File]]:
    """Yield the files of a source by name, each checked and in its place."""
    match source:
        case Sklearn(sklearn=dataset):
            stored.write(folder / ARRAYS, save(_shipped(dataset)))
            yield ARRAYS, _entry(folder / ARRAYS, ARRAYS)
        case Local():
            yield from _referred(source).items()
        case Download():
            yield _downloaded(source.file_name, source, folder, report)
        case Files(files=files):
            for name, part in files.items():
                if isinstance(part, Download):
                    yield _downloaded(name, part, folder, report)
                else:
                    whole = Path(part.path).is_dir()
                    for file, entry in _referred(part).items():
                        yield f"{name}/{file}" if whole else name, entry


def _entry(path: Path, place: str) -> File:
    return File(file_digest(path), path.stat().st_size, place)


def _shipped(dataset: str) -> dict[str, np.ndarray[Any, Any]]:
    from sklearn import datasets  # takes a second, and most data sets do without

    # diabetes comes scaled by default: that is computed, and its last bits depend on the CPU
    unscaled = {"scaled": False} if dataset == "diabetes" else {}
    X, y = getattr(datasets, f"load_{dataset}")(return_X_y=True, **unscaled)
    return {"X": np.ascontiguousarray(X, "float64"), "y": np.ascontiguousarray(y, SHIPPED[dataset])}


def _downloaded(name: str, source: Download, folder: Path, report: Report | None) -> tuple[str, File]:
    download(source.url, source.digest, folder / name, report)
    return name, File(source.digest, (folder / name).stat().st_size, name)


def _referred(source: Local) -> dict[str, File]:
    """Digest a user's file or folder where it lies."""
    path = Path(source.path)
    try:
        path.stat()
        path = path.resolve()
        names = _below(path) if path.is_dir() else [""]
        files = {name or path.name: _entry(path / name, str(path / name)) for name in names}
    except OSError as error:
        raise Refused(f"{error.filename or path}: {error.strerror}; check the path in the config") from None
    if not files:
        raise Refused(f"{path}: the folder holds no files; check the path in the config")
    digests = {name: entry.sha256 for name, entry in files.items()}
    digest = files_digest(digests) if path.is_dir() else digests[path.name]
    if source.digest not in (None, digest):
        raise Refused(
            f"{path}: it is {digest}, the config pins {source.digest}; "
            "put the right content there, or pin what is there now"
        )
    return files


def _below(root: Path) -> list[str]:
    """List all regular files below a folder as sorted relative names; links may not lead out of it."""
    names = []
    for place, folders, files in os.walk(root, onerror=_raise):
        for path in (Path(place, name) for name in folders + files):
            kind = path.stat().st_mode  # fails on a broken link, which is_file would pass over
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise Refused(f"{path}: the link leads out of the data set; replace it by a copy")
            if path.is_symlink() and stat.S_ISDIR(kind):
                raise Refused(f"{path}: a link to a folder would count its files twice; remove it")
            if stat.S_ISREG(kind):
                names.append(path.relative_to(root).as_posix())
    return sorted(names)


def _raise(error: OSError) -> None:
    raise error  # os.walk passes over a folder that it may not read, unless told otherwise
