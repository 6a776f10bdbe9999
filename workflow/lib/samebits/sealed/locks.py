"""Processes that would make the same files take turns; whoever dies ends its own."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, file=sys.stderr, flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
