"""Locks of the kernel: they end with the process that holds them, however it ends, so none is ever stale."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def take(descriptor: int) -> bool:
    """Lock an open file or folder; tell whether that worked, or another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait(descriptor: int) -> None:
    """Lock an open file or folder as soon as nobody else holds it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def release(descriptor: int) -> None:
    """Let others have it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def turn(place: Path, waiting: str) -> Iterator[int]:
    """Wait until no other process makes ``place``; yields the lock's file descriptor.

    The lock lies beside it, as ``.<name>.lock``, since it may be removed and made again. The lock is never
    deleted: another process may already wait for it.

    Args:
        place: a file or folder; the folder above it is made if missing.
        waiting: what to say on stderr if another process is at it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place.parent / f".{place.name}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not take(descriptor):
            print(waiting, file=sys.stderr, flush=True)
            wait(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)
