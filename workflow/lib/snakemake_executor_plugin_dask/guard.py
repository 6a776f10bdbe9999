"""Run a shell command, and end it and all that it started if told to, or if the worker is gone.

A job that went on after its worker was lost would write the files that the job's next attempt writes, too.
Called with the process id of the worker and the command. Linux only.
"""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

from samebits.sealed import children

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main() -> int:
    """Run the command and return its exit status."""
    worker, command = int(sys.argv[1]), sys.argv[2]
    libc = ctypes.CDLL(None, use_errno=True)
    # what a killed child leaves behind becomes ours, not init's
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, _end)
    if not children.follow(worker, signal.SIGTERM):  # it was gone before it could be watched
        return 128 + signal.SIGTERM
    process = subprocess.Popen(command, shell=True, start_new_session=True)  # noqa: S602  Snakemake quotes it
    status = process.wait()
    return status if status >= 0 else 128 - status


def _end(number: int, frame: object) -> None:
    while started := _children(os.getpid()):
        for child in started:
            os.kill(child, signal.SIGKILL)
        os.wait()
    os._exit(128 + number)


def _children(process: int) -> list[int]:
    """Return the children of a process; a killed one's own become ours."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]  # a name may hold spaces and brackets
        except OSError:
            continue  # it has ended meanwhile
        if int(parent) == process:
            found.append(int(path.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main())
