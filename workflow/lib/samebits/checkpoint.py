"""A state on disk: one safetensors file a checkpoint, never used without its digest being checked."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, TensorSpec, deserialize, serialize_file

from samebits.digest import DTYPES, Tensor, rows, state_digest
from samebits.errors import Refused


def file_name(step: int) -> str:
    """Name the checkpoint after ``step`` so that a listing sorts by step."""
    return f"step-{step:08d}.safetensors"


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to ``path`` as a whole or not at all, on the disk before this returns.

    The bytes are written from where they lie. They depend on the tensors alone: no metadata is stored, since
    safetensors orders several metadata keys by a hash that changes between processes.
    """
    specs = {
        name: TensorSpec(
            dtype=DTYPES[t.dtype], shape=list(t.shape), data_ptr=t.raw.ctypes.data, data_len=t.raw.nbytes
        )
        for name, t in tensors.items()
    }
    part = path.with_suffix(".part")
    serialize_file(specs, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def load(path: Path, digest: str, threads: int = 1) -> dict[str, Tensor]:
    """Read a checkpoint and check that it is the state ``digest``.

    Raises:
        Refused: the file is missing, is no safetensors file, or holds another state.
    """
    try:
        tensors = read(path)
    except (OSError, SafetensorError) as error:
        raise Refused(f"checkpoint {path} cannot be read: {error}") from None
    found = state_digest(rows(tensors, threads))
    if found != digest:
        raise Refused(f"checkpoint {path} holds the state {found}, but the ledger says {digest}")
    return tensors


def read(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file as it is; raises OSError or SafetensorError."""
    return {
        name: Tensor(t["dtype"], tuple(t["shape"]), np.frombuffer(t["data"], np.uint8))
        for name, t in deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    }


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk, so that a rename in it outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
