"""A state on disk: one safetensors file a checkpoint, never used without its digest being checked."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize

from samebits.sealed import files
from samebits.sealed.digest import DTYPES, Tensor, TensorRow, rows, state_digest
from samebits.sealed.errors import Refused


def file_name(step: int) -> str:
    """Name the checkpoint after ``step`` so that a listing sorts by step."""
    return f"step-{step:08d}.safetensors"


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors to ``path`` as a whole or not at all, on the disk before this returns.

    safetensors (0.8) would write the same bytes. But it copies the tensors, or else leaves temporary files
    behind when it is killed, and it makes files that only their owner may read.
    """
    with files.replaced(path) as file:
        # largest elements first, as safetensors itself does: then every tensor is aligned
        ordered = sorted(tensors.items(), key=lambda item: (-_width(item[1]), item[0]))
        file.write(_header(ordered))
        for _, t in ordered:
            file.write(t.raw.data)


def save_digested(path: Path, tensors: Mapping[str, Tensor], threads: int = 1) -> list[TensorRow]:
    """Write tensors as ``save`` does and digest them at the same time: one waits while the other computes."""
    with ThreadPoolExecutor(1) as pool:
        digests = pool.submit(rows, tensors, threads)
        save(path, tensors)
        return digests.result()


def _header(tensors: Sequence[tuple[str, Tensor]]) -> bytes:
    """Return what stands before the tensors: its own length, then names, types, shapes and places as JSON."""
    entries, place = {}, 0
    for name, t in tensors:
        end = place + t.raw.nbytes
        entries[name] = {"dtype": t.dtype, "shape": t.shape, "data_offsets": (place, end)}
        place = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _width(tensor: Tensor) -> int:
    """Return the bytes of one element."""
    return {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}.get(tensor.dtype) or np.dtype(
        DTYPES[tensor.dtype]
    ).itemsize


def load(path: Path, digest: str, threads: int = 1) -> dict[str, Tensor]:
    """Read a checkpoint and check that it is the state ``digest``.

    Raises:
        Refused: the file is missing, is no safetensors file, or holds another state.
    """
    try:
        tensors = read(path)
    except (OSError, SafetensorError) as error:
        raise Refused(f"checkpoint {path} cannot be read: {error}") from None
    state = state_digest(rows(tensors, threads))
    if state != digest:
        raise Refused(f"checkpoint {path} holds the state {state}, but the ledger says {digest}")
    return tensors


def read(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file as it is; raises OSError or SafetensorError."""
    return {
        name: Tensor(t["dtype"], tuple(t["shape"]), np.frombuffer(t["data"], np.uint8))
        for name, t in deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    }
