"""Ranks that train together, and how they exchange what they have: bytes and gradients, in rank order.

Gradients are gathered and added in rank order. The all-reduce of PyTorch's DistributedDataParallel adds them
in an order of its own, by buckets that it rebuilds after the first step: hidden state, with which a replay
from a checkpoint differs for three ranks and more. Gathering leaves nothing to a library's choice, so one
process that plays all ranks in turn has the same bits, and a verifier needs no cluster.
"""

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn, Protocol

import numpy as np
import torch
import torch.distributed as dist

from samebits.sealed.digest import Tensor
from samebits.sealed.errors import Lost


class Ranks(Protocol):
    """The ranks of a training, as one process sees them: it plays some, others may be elsewhere.

    What is gathered comes in rank order: each process gives the parts of those that it plays.
    """

    @property
    def played(self) -> Sequence[int]:
        """The ranks that this process plays."""

    def tell(self, command: str, step: int = 0) -> None:
        """Let the other processes do what rank 0 does."""

    def share(self, data: bytes = b"") -> bytes:
        """Return rank 0's bytes."""

    def gather(self, parts: list[bytes]) -> list[bytes]:
        """Return the bytes of all ranks."""

    def gather_tensors(self, parts: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the tensors of all ranks, which are alike."""

    def close(self) -> None:
        """End it."""


class Here:
    """All ranks are played by this process, in turn."""

    def __init__(self, world: int):
        self.played: Sequence[int] = range(world)

    def tell(self, command: str, step: int = 0) -> None:
        """Do nothing: there is nobody else."""

    def share(self, data: bytes = b"") -> bytes:
        """Return the bytes."""
        return data

    def gather(self, parts: list[bytes]) -> list[bytes]:
        """Return the bytes."""
        return parts

    def gather_tensors(self, parts: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the tensors."""
        return parts

    def close(self) -> None:
        """Do nothing."""


class Process:
    """One rank a process, connected over the loopback interface.

    Bytes go through gloo, and so do gradients on the CPU; those on GPUs go through NCCL.
    """

    def __init__(self, rank: int, world: int, device: str, store: dist.Store):
        for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            os.environ[name] = "lo"
        self.played: Sequence[int] = (rank,)
        self._world = world
        dist.init_process_group("gloo", store=store, rank=rank, world_size=world)
        self._tensors = dist.new_group(backend="nccl") if device == "cuda" else None

    def tell(self, command: str, step: int = 0) -> None:
        """Do nothing: rank 0 tells."""

    def share(self, data: bytes = b"") -> bytes:
        """Return rank 0's bytes."""
        try:
            length = torch.tensor([len(data)])
            dist.broadcast(length, 0)
            buffer = _bytes(data) if self.played[0] == 0 else torch.empty(int(length), dtype=torch.uint8)
            dist.broadcast(buffer, 0)
        except RuntimeError as error:
            self.lost(error)
        data = buffer.numpy().tobytes()
        return data

    def gather(self, parts: list[bytes]) -> list[bytes]:
        """Return the bytes of all ranks."""
        (mine,) = parts
        lengths = [int(n) for n in self._gather(torch.tensor([len(mine)]), None)]
        padded = torch.zeros(max(lengths), dtype=torch.uint8)
        padded[: len(mine)] = _bytes(mine)
        gathered = self._gather(padded, None)
        return [t[:n].numpy().tobytes() for t, n in zip(gathered, lengths, strict=True)]

    def gather_tensors(self, parts: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the tensors of all ranks, which are alike."""
        return self._gather(parts[0], self._tensors)

    def _gather(self, mine: torch.Tensor, group: Any) -> list[torch.Tensor]:
        gathered = [torch.empty_like(mine) for _ in range(self._world)]
        try:
            dist.all_gather(gathered, mine, group=group)
        except RuntimeError as error:
            self.lost(error)
        return gathered

    def lost(self, error: Exception) -> NoReturn:
        """Raise Lost: a connection broke, since a process at its other end is gone."""
        raise Lost(f"rank {self.played[0]} lost the others: {str(error).splitlines()[0]}") from None

    def close(self) -> None:
        """Close the connections."""
        with suppress(RuntimeError, AssertionError, ValueError):
            dist.destroy_process_group()


def listen() -> tuple[dist.Store, int]:
    """Let the ranks find each other: a store on the loopback interface only, and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    descriptor = listener.detach()
    store = dist.TCPStore(
        "127.0.0.1", port, is_master=True, wait_for_workers=False, master_listen_fd=descriptor
    )
    return store, port


def pack(tensors: dict[str, Tensor]) -> bytes:
    """Write tensors as bytes: the length of a table, the table as JSON, and the elements."""
    table = json.dumps([(name, t.dtype, t.shape, t.raw.nbytes) for name, t in tensors.items()]).encode()
    return b"".join([len(table).to_bytes(8, "little"), table, *(t.raw.tobytes() for t in tensors.values())])


def unpack(data: bytes) -> dict[str, Tensor]:
    """Read what ``pack`` wrote."""
    at = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, dtype, shape, size in json.loads(data[8:at]):
        tensors[name] = Tensor(dtype, tuple(shape), np.frombuffer(data, np.uint8, size, at))
        at += size
    return tensors


def _bytes(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
