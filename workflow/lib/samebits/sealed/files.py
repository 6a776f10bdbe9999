"""Files that are there whole or not at all, and on the disk before anything names them.

A name and a folder's list of names are two things to a disk: both are synced, or a power cut could leave a
finished file without its name.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO


@contextmanager
def replaced(path: Path, *, shared: bool = False) -> Iterator[BinaryIO]:
    """Open a draft that takes the name ``path`` when the block ends, and is removed if the block fails.

    Args:
        path: the file; its folder must exist.
        shared: several processes may write it at once. Otherwise a draft that a killed process left is
            overwritten by the next one, so that none are left lying about.

    Raises:
        OSError: it cannot be written; names ``path``.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    draft = path.with_name(f"{path.name}.{os.getpid()}.part" if shared else f"{path.name}.part")
    try:
        with draft.open("wb") as file:
            yield file
            flush(file)
        draft.replace(path)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(draft):
            error.filename = str(path)  # the name that the caller knows
        raise
    sync(path.parent)


def write(path: Path, data: bytes | str, *, shared: bool = False) -> None:
    """Write a file as ``replaced`` does; text as UTF-8."""
    with replaced(path, shared=shared) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def create(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file unless there is one; of several processes one succeeds.

    Args:
        path: the file; its folder must exist.
        data: all of it.
        mode: who may read it; its owner alone if not given.

    Raises:
        FileExistsError: there is one.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
        flush(file)
        os.link(file.name, path)
    sync(path.parent)


def flush(file: IO[bytes]) -> None:
    """Put all that was written to an open file on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Put a file's bytes, or a folder's entries, on the disk, so that they outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
