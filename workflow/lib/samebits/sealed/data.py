"""Data sets: named files with digests, and the arrays in them.

``<folder>/data.json`` is a data set's manifest: its name, and each file's SHA-256, size and place. The
workflow writes it (``samebits.datasets.fetch``); a measured process opens the data set by its digest and gets
read-only arrays. Nothing is ever unpickled.

A file that changes after it was checked: ``load`` hashes every file once, and arrays are parsed from bytes
that are read into memory and hashed again there. So an array comes from the digest's bytes or not at all. A
file reached through ``Data.path`` has only the check of ``load``: keep it where nobody else can write.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from samebits.sealed import arrays, files
from samebits.sealed import digest as bits
from samebits.sealed.errors import Refused

FORMAT = "samebits-data/1"
MANIFEST = "data.json"
_MEND = "put the file back, or delete data.json and run the workflow again to train on the files as they are"


@dataclass(frozen=True)
class File:
    """A file of a data set: ``sha256:…``, its size in bytes, and its path, absolute or from the folder."""

    sha256: str
    bytes: int
    path: str


@dataclass(frozen=True)
class Manifest:
    """A data set's name, its digest over file names and contents, and its files by name."""

    name: str
    digest: str
    files: Mapping[str, File]

    @classmethod
    def of(cls, name: str, files: Mapping[str, File]) -> "Manifest":
        """Make files a data set; neither its name nor the files' paths enter the digest."""
        digest = bits.files_digest({file: entry.sha256 for file, entry in files.items()})
        return cls(name, digest, dict(sorted(files.items())))

    def write(self, folder: Path) -> None:
        """Write ``data.json``; it stands for a complete data set, so it is written last."""
        fields = {"format": FORMAT, **asdict(self)}
        files.write(folder / MANIFEST, json.dumps(fields, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read ``data.json``.

        Raises:
            Refused: it is missing, not of this format, or its digest is not that of its own table.
        """
        path = folder / MANIFEST
        try:
            fields = json.loads(path.read_bytes())
            if (format_name := fields.pop("format", None)) != FORMAT:
                raise ValueError(f"its format is {format_name!r}, this is {FORMAT!r}")
            files = {file: File(**entry) for file, entry in fields.pop("files").items()}
            manifest = cls(files=files, **fields)
            if manifest != cls.of(manifest.name, files):
                raise ValueError("its digest is not the digest of its files")
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}; run the workflow again to fetch the data set") from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Refused(f"{path}: not a manifest: {error}; delete it and run the workflow again") from None
        return manifest


class Data(Mapping[str, NDArray[Any]]):
    """The arrays of a data set by name, read-only; a file is read when one of its arrays is first asked for.

    - ``*.safetensors``, ``*.npz``: the arrays under their own names
    - ``*.npy``: one array, named as the file without the suffix
    - ``*.csv``, ``*.csv.gz``: one float64 array (rows, columns), named likewise; commas and numbers only, but
      for a first line without any number, which is a header
    - ``*-idx3-ubyte``, ``*-idx1-ubyte.gz``, …: MNIST's format, named likewise (``train-images``)

    Types that NumPy lacks come as unsigned integers of their width. Other files are reached by ``path``.

    Attributes:
        name: the data set's name.
        files: what ``data.json`` says of each file, by name.
        folder: where ``data.json`` lies.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.name, self.files, self.folder = manifest.name, manifest.files, folder
        self._home: dict[str, str] = {}
        self._read: dict[str, dict[str, NDArray[Any]]] = {}
        for file in self.files:
            with _reading(self.path(file)):
                names = arrays.names(self.path(file), file)
            for array in names:
                if array in self._home:
                    other = self._home[array]
                    raise Refused(f"{self.path(file)}: array {array!r} is in {other} too; rename one of them")
                self._home[array] = file

    def path(self, file: str) -> Path:
        """Return where a file of the data set lies."""
        return self.folder / self.files[file].path

    def __getitem__(self, array: str) -> NDArray[Any]:
        """Return an array; it is read-only."""
        if array not in self._home:
            raise KeyError(f"{array}: data set {self.name} has {', '.join(self._home) or 'no arrays'}")
        file = self._home[array]
        if file not in self._read:
            with _reading(self.path(file)):
                raw = self.path(file).read_bytes()
                _require_unchanged(self.path(file), bits.bytes_digest(raw), self.files[file].sha256)
                self._read[file] = arrays.read(file, raw)
        return self._read[file][array]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the arrays' names; nothing is read."""
        return iter(self._home)

    def __len__(self) -> int:
        """Count the arrays."""
        return len(self._home)


def load(folder: Path, digest: str) -> Data:
    """Open the data set ``digest`` in ``folder``, and check every byte of it.

    Raises:
        Refused: the folder holds another data set, a file is missing, changed, truncated or malformed, or two
            files hold an array of the same name.
    """
    manifest = Manifest.read(folder)
    if manifest.digest != digest:
        raise Refused(
            f"{folder / MANIFEST}: this is data set {manifest.digest}, the spec asks for {digest}; "
            "run the workflow again to train on the data as they are now"
        )
    for file in manifest.files.values():
        path = folder / file.path
        with _reading(path):
            _require_unchanged(path, path.stat().st_size, file.bytes, " bytes")
            _require_unchanged(path, bits.file_digest(path), file.sha256)
    return Data(folder, manifest)


def _require_unchanged(path: Path, actual: object, stated: object, unit: str = "") -> None:
    if actual != stated:
        raise Refused(f"{path}: it has changed: {actual}{unit}, data.json says {stated}{unit}; {_MEND}")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Refuse by name what cannot be read or parsed."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}; {_MEND}") from None
    except arrays.Unreadable as error:
        raise Refused(f"{path}: cannot be read as its suffix says: {error}; mend it or rename it") from None
