"""Bring a data set to a folder, checked, and write its manifest.

The workflow's side of ``samebits.data``. After ``fetch`` the folder holds ``data.json`` and the files that
had to be made or downloaded; a user's local files stay where they are and are only digested.
"""

import difflib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from safetensors.numpy import save

from samebits.datasets.download import Report, download, shown
from samebits.sealed.data import MANIFEST, File, Manifest, write_atomically
from samebits.sealed.digest import file_digest, files_digest
from samebits.sealed.errors import Refused
from samebits.sealed.locks import turn

#: data sets that ship inside scikit-learn -> the type of y
SKLEARN = {
    "breast_cancer": "int64",
    "diabetes": "float64",
    "digits": "int64",
    "iris": "int64",
    "linnerud": "float64",
    "wine": "int64",
}
#: data sets that scikit-learn would download, unpinned
_FETCHED = {
    "20newsgroups",
    "20newsgroups_vectorized",
    "california_housing",
    "covtype",
    "kddcup99",
    "lfw_pairs",
    "lfw_people",
    "mnist_784",
    "olivetti_faces",
    "rcv1",
    "species_distributions",
}


@dataclass(frozen=True)
class Sklearn:
    """A data set that ships inside scikit-learn: ``digits`` for ``load_digits``."""

    dataset: str


@dataclass(frozen=True)
class Local:
    """A file, or a folder with all files below it.

    ``sha256`` pins a file's content; for a folder it pins the data set's digest, as ``data.json`` shows it.
    """

    path: Path
    sha256: str | None = None


@dataclass(frozen=True)
class Download:
    """A file behind http or https. The URL may hold a password, so it is not part of the repr."""

    url: str = field(repr=False)
    sha256: str


@dataclass(frozen=True)
class Files:
    """Several files under given names; a local folder's files come as ``name/path``."""

    files: Mapping[str, Local | Download]


Source = Sklearn | Local | Download | Files


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


def check(source: Source) -> None:
    """Refuse a source that can be seen to be wrong without touching a disk or network.

    Raises:
        Refused: an unknown scikit-learn data set, a URL of another scheme or without a file name, a malformed
            SHA-256, or a file name that could leave the folder.
    """
    match source:
        case Sklearn(dataset):
            _check_sklearn(dataset)
        case Local(_, sha256):
            if sha256 is not None:
                _pin(sha256)
        case Download(url, sha256):
            _check_url(url)
            _pin(sha256)
            _check_name(_url_name(url))
        case Files(files):
            if not files:
                raise Refused("files: there is none; name at least one")
            for name, part in files.items():
                _check_name(name)
                if isinstance(part, Download):
                    _check_url(part.url)
                if part.sha256 is not None:
                    _pin(part.sha256)


def _collect(source: Source, folder: Path, report: Report | None) -> Iterator[tuple[str, File]]:
    """Yield the files of a source by name, each checked and in its place."""
    match source:
        case Sklearn(dataset):
            write_atomically(folder / "arrays.safetensors", save(_sklearn_arrays(dataset)))
            yield "arrays.safetensors", _entry(folder / "arrays.safetensors", "arrays.safetensors")
        case Local(path, sha256):
            yield from _local(path, sha256).items()
        case Download(url):
            yield _downloaded(_url_name(url), source, folder, report)
        case Files(files):
            for name, part in files.items():
                if isinstance(part, Download):
                    yield _downloaded(name, part, folder, report)
                else:
                    whole = part.path.is_dir()
                    for file, entry in _local(part.path, part.sha256).items():
                        yield f"{name}/{file}" if whole else name, entry


def _entry(path: Path, place: str) -> File:
    return File(file_digest(path), path.stat().st_size, place)


def _pin(sha256: str) -> str:
    """Return a pinned digest as ``sha256:…``; users may leave the prefix away."""
    hex_digits = sha256.strip().lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{64}", hex_digits):
        raise Refused(f"{sha256!r} is no SHA-256; give the 64 hex digits that sha256sum prints for the file")
    return "sha256:" + hex_digits


def _check_name(name: str) -> None:
    """Refuse what is no plain file name, or the name of a file that a fetch makes for itself."""
    if name in ("", ".", "..") or "/" in name or not name.isprintable():
        raise Refused(f"{name!r} is no plain file name; name the file under files: without folders")
    if name == MANIFEST or name.endswith((".part", ".part.json", ".tmp")):
        raise Refused(f"{name!r} is a name that a fetch uses itself; give the file another one under files:")


def _check_sklearn(dataset: str) -> None:
    if dataset in _FETCHED:
        raise Refused(
            f"sklearn:{dataset} is downloaded by scikit-learn and may change; "
            "give the file's url and sha256 instead"
        )
    if dataset not in SKLEARN:
        near = difflib.get_close_matches(dataset, SKLEARN, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Refused(f"sklearn:{dataset} is unknown; {hint}known are {', '.join(SKLEARN)}")


def _sklearn_arrays(dataset: str) -> dict[str, np.ndarray[Any, Any]]:
    from sklearn import datasets  # takes a second, and most data sets do without

    # diabetes comes scaled by default: that is computed, and its last bits depend on the CPU
    stored = {"scaled": False} if dataset == "diabetes" else {}
    X, y = getattr(datasets, f"load_{dataset}")(return_X_y=True, **stored)
    return {"X": np.ascontiguousarray(X, "float64"), "y": np.ascontiguousarray(y, SKLEARN[dataset])}


def _check_url(url: str) -> None:
    split = urlsplit(url)
    if split.scheme == "file":
        raise Refused(f"{shown(url)}: a file of this machine is no download; give it as path")
    if split.scheme not in ("http", "https") or not split.hostname:
        raise Refused(f"{shown(url)}: only http:// and https:// are downloaded; check the URL")


def _url_name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _downloaded(name: str, source: Download, folder: Path, report: Report | None) -> tuple[str, File]:
    digest = _pin(source.sha256)
    download(source.url, digest, folder / name, report)
    return name, File(digest, (folder / name).stat().st_size, name)


def _local(path: Path, sha256: str | None) -> dict[str, File]:
    """Digest a user's file or folder where it lies."""
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
    found = files_digest(digests) if path.is_dir() else digests[path.name]
    if sha256 is not None and found != _pin(sha256):
        raise Refused(
            f"{path}: it is {found}, the config pins {_pin(sha256)}; "
            "put the right content there, or pin what is there now"
        )
    return files


def _below(root: Path) -> list[str]:
    """List all regular files below a folder as sorted relative names; links may not lead out of it."""
    found = []
    for place, folders, files in os.walk(root, onerror=_raise):
        for path in (Path(place, name) for name in folders + files):
            kind = path.stat().st_mode  # fails on a broken link, which is_file would pass over
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise Refused(f"{path}: the link leads out of the data set; replace it by a copy")
            if path.is_symlink() and stat.S_ISDIR(kind):
                raise Refused(f"{path}: a link to a folder would count its files twice; remove it")
            if stat.S_ISREG(kind):
                found.append(path.relative_to(root).as_posix())
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error  # os.walk passes over a folder that it may not read, unless told otherwise
