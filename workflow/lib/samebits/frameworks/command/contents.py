"""What is inside a file: tensors under names, whatever container they lie in.

Two files with the same content are the same here although their bytes differ: time stamps in a zip file,
the order of keys and the layout of an HDF5 file do not matter, every number does.
"""

import csv
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from safetensors import deserialize

from samebits.sealed import nested
from samebits.sealed.digest import SAFETENSORS_NAMES, Tensor, tensor
from samebits.sealed.errors import Refused

_BY_BYTES = "list it under as_bytes to compare it byte by byte"
#: a library that reads a format, where its package has another name
_PACKAGES = {"torch": "torch", "h5py": "h5py", "pyarrow.parquet": "pyarrow"}


def tensors(name: str, raw: bytes) -> dict[str, Tensor]:
    """Return the content of a file, read as the suffix of its name says.

    A tensor is named ``name:inner-name``, and what is no number stands in ``name~values``. A file with
    another suffix than those of ``_READERS`` is one tensor of its bytes, called ``name``.

    Raises:
        Refused: the file is not what its suffix says, holds something that has no numbers, or the library
            that reads it is not in this environment.
    """
    read = _READERS.get(PurePath(name).suffix.lower())
    if read is None:
        return as_bytes(name, raw)
    try:
        content = _simple(read(raw))
        if isinstance(content, Tensor):
            return {name: content}
        leaves = nested.flatten(content, name, lambda node: node if isinstance(node, Tensor) else None)
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(str(error.name), error.name)
        raise Refused(
            f"output {name}: reading it takes {package}, which this environment lacks; add {package} to its "
            f"environment.yaml and lock it again, or {_BY_BYTES}"
        ) from None
    except Exception as error:  # every library has its own errors for a broken file
        message = " ".join(str(error).split())[:300]
        raise Refused(
            f"output {name} cannot be read as its suffix says: {message}; mend the script, or {_BY_BYTES}"
        ) from None
    inner = f"{name}."
    return {
        f"{name}:{path[len(inner) :]}" if path.startswith(inner) else path: t for path, t in leaves.items()
    }


def as_bytes(name: str, raw: bytes) -> dict[str, Tensor]:
    """Return a file as one tensor of its bytes."""
    return {name: tensor(np.frombuffer(raw, np.uint8))}


def _simple(node: Any) -> Any:
    """Turn what a reader returned into Tensors in dicts, lists and plain values, dicts in order of keys."""
    if isinstance(node, np.ndarray | np.generic):
        return _simple_array(np.asarray(node))
    if isinstance(node, list | tuple) and not isinstance(node, Tensor):
        array = _numbers(node)
        return [_simple(item) for item in node] if array is None else tensor(array)
    if isinstance(node, dict):
        return {key: _simple(node[key]) for key in sorted(node, key=lambda key: (str(type(key)), str(key)))}
    if isinstance(node, bytes):
        return node.decode("utf-8", "backslashreplace")
    if type(node) in (int, float) and (array := _numbers([node])) is not None:
        return tensor(array.reshape(()))
    return node


def _simple_array(array: NDArray[Any]) -> Any:
    if array.dtype.name in SAFETENSORS_NAMES:
        return tensor(array)
    if array.dtype.names:
        return {field: _simple(array[field]) for field in array.dtype.names}
    if array.dtype.kind == "c":
        return {array.dtype.name: {"real": tensor(array.real), "imag": tensor(array.imag)}}
    if array.dtype.kind in "USMm":
        return {array.dtype.kind: _simple(array.astype(str).tolist())}
    if array.dtype.kind == "O":
        return _simple(array.tolist())
    raise TypeError(f"it holds numbers of type {array.dtype}")


def _numbers(items: Any) -> NDArray[Any] | None:
    """Return lists of numbers, nested or not, as an array that loses nothing; None if they are none."""
    kinds = set(map(type, _flat(items)))
    try:
        array = np.array(items, np.int64 if kinds == {int} else np.float64) if kinds <= {int, float} else None
    except (ValueError, OverflowError):  # of different lengths, or too large
        return None
    if array is None or not array.size:
        return None
    rounded = kinds == {int, float} and any(type(i) is int and abs(i) > 2**53 for i in _flat(items))
    return None if rounded else array


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


def _safetensors(raw: bytes) -> Any:
    return {
        name: Tensor(t["dtype"], tuple(t["shape"]), np.frombuffer(t["data"], np.uint8))
        for name, t in deserialize(raw)  # type: ignore[no-untyped-call]
    }


def _npy(raw: bytes) -> Any:
    return np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)


def _npz(raw: bytes) -> Any:
    with ZipFile(io.BytesIO(raw)) as members:
        return {name.removesuffix(".npy"): _npy(members.read(name)) for name in members.namelist()}


def _json(raw: bytes) -> Any:
    return json.loads(raw)


def _csv(raw: bytes) -> Any:
    """Read columns by name: numbers if all cells of a column are, text otherwise."""
    rows = [row for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")) if row]
    header = rows.pop(0) if rows and not any(_NUMBER.fullmatch(cell) for cell in rows[0]) else None
    width = len(header if header is not None else rows[0]) if header or rows else 0
    for number, row in enumerate(rows, 1 if header is None else 2):
        if len(row) != width:
            raise ValueError(f"row {number} has {len(row)} cells and not {width}")
    names = header if header is not None and len(set(header)) == width else list(range(width))
    columns = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    return {name: _column(list(column)) for name, column in zip(names, columns, strict=True)}


_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf(inity)?)\s*", re.IGNORECASE)


def _column(cells: list[str]) -> list[Any]:
    if not all(map(_NUMBER.fullmatch, cells)):
        return cells
    return [int(cell) if _INTEGER.fullmatch(cell) else float(cell) for cell in cells]


def _ubj(raw: bytes) -> Any:
    """Read Universal Binary JSON (draft 12), in which XGBoost writes its models."""
    stream = io.BytesIO(raw)

    def take(count: int) -> bytes:
        if len(data := stream.read(count)) < count:
            raise ValueError("it is cut short")
        return data

    def skip(code: bytes) -> bool:
        while (marker := stream.read(1)) == b"N":  # no operation
            pass
        if marker and marker != code:
            stream.seek(-1, io.SEEK_CUR)
        return marker == code

    def integer() -> int:
        length = value(take(1))
        if type(length) is not int or length < 0:
            raise ValueError(f"a length is {length!r}")
        return length

    def value(code: bytes) -> Any:
        match code:
            case b"Z" | b"T" | b"F":
                return {b"Z": None, b"T": True, b"F": False}[code]
            case b"S" | b"H":
                return take(integer()).decode()
            case b"C":
                return take(1).decode("latin-1")
            case b"[" | b"{":
                return container(code)
            case b"N":
                return value(take(1))
        return numbers(code, 1)[0].item()

    def numbers(code: bytes, count: int) -> NDArray[Any]:
        if code not in _UBJ:
            raise ValueError(f"it has the type {code!r}")
        dtype = np.dtype(_UBJ[code])
        return np.frombuffer(take(count * dtype.itemsize), dtype)

    def container(kind: bytes) -> Any:
        code = take(1) if skip(b"$") else b""
        count = integer() if skip(b"#") else None
        if kind == b"[" and code in _UBJ and count is not None:
            return numbers(code, count)
        end = {b"[": b"]", b"{": b"}"}[kind]
        items: list[tuple[str, Any]] = []
        while len(items) < count if count is not None else not skip(end):
            key = take(integer()).decode() if kind == b"{" else ""
            items.append((key, value(code or take(1))))
        return dict(items) if kind == b"{" else [item for _, item in items]

    parsed = value(take(1))
    if stream.read().strip(b"N"):
        raise ValueError("something follows its end")
    return parsed


_UBJ = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}


def _torch(raw: bytes) -> Any:
    torch = importlib.import_module("torch")

    def plain(node: Any) -> Any:
        if isinstance(node, torch.Tensor):
            flat = node.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
            return Tensor(SAFETENSORS_NAMES[str(node.dtype).removeprefix("torch.")], tuple(node.shape), flat)
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [plain(value) for value in node]
        return str(node) if isinstance(node, torch.dtype | torch.device) else node

    return plain(torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True))


def _hdf5(raw: bytes) -> Any:
    h5py = importlib.import_module("h5py")
    nodes: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        nodes[name] = node[()] if isinstance(node, h5py.Dataset) else None
        for key, value in node.attrs.items():
            nodes[f"{name}@{key}"] = None if isinstance(value, h5py.Empty) else value

    with h5py.File(io.BytesIO(raw), "r") as file:
        visit("", file)
        file.visititems(visit)
    return nodes


def _keras(raw: bytes) -> Any:
    with ZipFile(io.BytesIO(raw)) as members:
        parts = {
            name: _READERS.get(PurePath(name).suffix, bytes)(members.read(name))
            for name in members.namelist()
            if not name.endswith("/")
        }
    parts.get("metadata.json", {}).pop("date_saved", None)
    return parts


def _parquet(raw: bytes) -> Any:
    parquet = importlib.import_module("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(raw))
    return {name: _values(table.column(name)) for name in table.column_names}


def _values(column: Any) -> Any:
    """Return numbers as they are, and anything else as text."""
    if column.null_count == 0 and (array := column.to_numpy()).dtype.name in SAFETENSORS_NAMES:
        return array
    return [
        item if item is None or isinstance(item, bool | int | float) else str(item)
        for item in column.to_pylist()
    ]


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".npy": _npy,
    ".json": _json,
    ".csv": _csv,
    ".ubj": _ubj,
    ".pt": _torch,
    ".pth": _torch,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".keras": _keras,
    ".parquet": _parquet,
}
