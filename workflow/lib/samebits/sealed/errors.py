"""The errors that samebits itself raises, and what mends those of a disk."""

import errno


class Refused(Exception):
    """Work was refused before it could do harm.

    The message is one line: what is wrong, where it stands, and what mends it. Commands print it and
    exit with status 2; nothing below the command line ever prints or exits itself.
    """


class Lost(Exception):
    """A process that helped to train is gone: a worker was killed, or its machine was.

    Nothing is wrong with what was recorded, so the engine goes on from the last checkpoint. The message names
    what was lost.
    """


_GO_ON = "and run the workflow again, it goes on from what was recorded"
_MENDS = {
    errno.ENOSPC: f"the disk is full; free some space {_GO_ON}",
    errno.EDQUOT: f"your quota of the disk is used up; free some space {_GO_ON}",
    errno.EROFS: f"the disk is read-only; make it writable {_GO_ON}",
    errno.EACCES: f"you may not write or read it; change its permissions {_GO_ON}",
}


def explain(error: OSError, folder: object) -> str | None:
    """Say in one line what is wrong with a disk and what mends it; None if it is not the disk.

    Args:
        error: what an operation on a file raised.
        folder: where the operation was, if the error does not say.
    """
    mend = _MENDS.get(error.errno or 0)
    return mend and f"{error.filename or folder}: {mend}"
