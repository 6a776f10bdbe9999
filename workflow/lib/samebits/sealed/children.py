"""Child processes that end when the process that started them does, also when that is killed."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def follow(parent: int, how: signal.Signals = signal.SIGKILL) -> bool:
    """Let the kernel end this process when its parent ends; False if the parent is gone already.

    The kernel watches the thread that started this process, so that has to live as long as the parent does.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)
    return os.getppid() == parent


def following() -> Callable[[], None]:
    """Return a ``preexec_fn`` for subprocess: the child ends with this process."""
    parent, libc = os.getpid(), ctypes.CDLL(None)  # loaded before the fork

    def follow_or_end() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return follow_or_end
