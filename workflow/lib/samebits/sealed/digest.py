"""How bits are named: digests of files, tensors and states.

A digest is ``<algorithm>:<64 hex digits>``, and the algorithm's name records everything that influences
the value: ``sha256`` for the bytes of a file, ``blake3-state1`` for a state (docs/formats/state-digest.md).
Neither the number of hashing threads nor the order in which tensors are given changes a digest.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

if sys.byteorder != "little":  # the formats are little-endian, and tensors are hashed where they lie
    raise ImportError("samebits needs a little-endian machine")

#: safetensors' name of a type -> the name that NumPy and the frameworks give it
DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}
SAFETENSORS_NAMES = {name: short for short, name in DTYPES.items()}


class Tensor(NamedTuple):
    """A typed view of bytes, so that the core handles any framework's types (NumPy has no bfloat16).

    ``dtype`` is safetensors' name (``F32``, ``BF16``, …), ``shape`` the lengths of the axes, and ``raw``
    the elements as a flat uint8 array in C order and little-endian: a view where the source allows.
    """

    dtype: str
    shape: tuple[int, ...]
    raw: NDArray[np.uint8]


class TensorRow(NamedTuple):
    """A tensor's line in a ledger: its name, type, shape and the BLAKE3 of its bytes in hex."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    hex: str


def tensor(array: NDArray[Any]) -> Tensor:
    """View a NumPy array of any shape as a Tensor; copies only what is not contiguous or little-endian.

    Raises:
        TypeError: the type has no name in safetensors (object, str, complex128, …).
    """
    array = np.asarray(array)
    if array.dtype.name not in SAFETENSORS_NAMES:
        raise TypeError(f"an array of type {array.dtype} cannot be digested or saved")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    raw = np.ascontiguousarray(little).reshape(-1).view(np.uint8)
    return Tensor(SAFETENSORS_NAMES[array.dtype.name], array.shape, raw)


def array(tensor: Tensor) -> NDArray[Any]:
    """View a Tensor as a NumPy array; types that NumPy lacks come as unsigned integers of their width."""
    name = DTYPES[tensor.dtype]
    dtype = {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}.get(name, name)
    return tensor.raw.view(dtype).reshape(tensor.shape)


def rows(tensors: Mapping[str, Tensor], threads: int = 1) -> list[TensorRow]:
    """Digest each tensor where it lies, without copying it; the rows come sorted by name.

    ``threads`` only changes how long large tensors take.
    """
    return [
        TensorRow(name, t.dtype, t.shape, blake3(t.raw.data, max_threads=threads).hexdigest())
        for name, t in sorted(tensors.items())
    ]


def state_digest(rows: list[TensorRow]) -> str:
    """Name a state by its tensors: ``blake3-state1:`` and the BLAKE3 of the rows as canonical JSON."""
    return "blake3-state1:" + blake3(canonical_json(sorted(rows))).hexdigest()


def file_digest(path: Path) -> str:
    """Name a file by its bytes: ``sha256:…``."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def bytes_digest(data: bytes) -> str:
    """Name some bytes: ``sha256:…``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def files_digest(files: Mapping[str, str]) -> str:
    """Name a set of files, given as relative path -> ``sha256:…``, whatever folder they lie in."""
    return bytes_digest(canonical_json(dict(files)))


def canonical_json(value: Any) -> bytes:
    """Encode a JSON value in exactly one way: keys sorted, no blanks, ASCII only, no NaN or infinity.

    Raises:
        ValueError: the value holds a NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
