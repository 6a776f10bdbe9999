"""The arrays in a file, by its suffix: safetensors, npz, npy, csv, and MNIST's idx. Nothing is unpickled."""

import gzip
import io
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

from samebits.sealed import digest as bits

#: errors of the libraries for a file that is not what its suffix says
Unreadable = (ValueError, KeyError, EOFError, struct.error, zlib.error, BadZipFile, SafetensorError)

#: file names that stand for one array
_SINGLE = re.compile(r"(?P<array>.+)(\.(?P<npy>npy)|\.(?P<csv>csv)(\.gz)?|[-.](?P<idx>idx)\d+-ubyte(\.gz)?)")


def names(path: Path, file: str) -> list[str]:
    """List the arrays of a file, which has the name ``file``; at most its header is read.

    Raises:
        Unreadable: it is not what its suffix says.
    """
    if file.endswith(".safetensors"):
        with safe_open(path, framework="numpy") as tensors:
            return list(tensors.keys())
    if file.endswith(".npz"):
        with ZipFile(path) as members:
            return [name.removesuffix(".npy") for name in members.namelist()]
    return [match["array"]] if (match := _SINGLE.fullmatch(file)) else []


def read(file: str, raw: bytes) -> dict[str, NDArray[Any]]:
    """Parse all arrays of a file from its bytes; they are read-only.

    Raises:
        Unreadable: it is not what its suffix says.
    """
    if file.endswith(".safetensors"):
        arrays = {
            name: bits.array(bits.Tensor(t["dtype"], tuple(t["shape"]), np.frombuffer(t["data"], np.uint8)))
            for name, t in deserialize(raw)  # type: ignore[no-untyped-call]
        }
    elif file.endswith(".npz"):
        with ZipFile(io.BytesIO(raw)) as members:
            arrays = {name.removesuffix(".npy"): _npy(members.read(name)) for name in members.namelist()}
    elif match := _SINGLE.fullmatch(file):
        parse = {"npy": _npy, "csv": _csv, "idx": _idx}[match["npy"] or match["csv"] or match["idx"]]
        arrays = {match["array"]: parse(gzip.decompress(raw) if file.endswith(".gz") else raw)}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def _npy(raw: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    return array


def _csv(raw: bytes) -> NDArray[np.float64]:
    lines = raw.decode("utf-8-sig").splitlines()
    header = bool(lines) and not any(map(_is_number, lines[0].split(",")))
    if not any(lines[header:]):
        raise ValueError("it holds no rows")
    return np.loadtxt(lines[header:], delimiter=",", comments=None, quotechar='"', ndmin=2)


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip(' "'))
    except ValueError:
        return False
    return True


def _idx(raw: bytes) -> NDArray[Any]:
    """Parse MNIST's format: two zero bytes, type, number of axes, lengths and elements in big-endian."""
    zeros, code, axes = struct.unpack_from(">HBB", raw)
    shape = struct.unpack_from(f">{axes}I", raw, 4)
    dtype = np.dtype({8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}[code])
    if zeros or len(raw) != 4 + 4 * axes + math.prod(shape) * dtype.itemsize:
        raise ValueError("its size is not what its header says")
    return np.frombuffer(raw, dtype, offset=4 + 4 * axes).reshape(shape).astype(dtype.newbyteorder("="))
