"""Remember that an environment was verified: jobs that start in it soon after need not hash it again.

Writing, replacing or adding a file changes its ctime, which the kernel alone sets and no program can set
back. So as long as each file has the inode, size and times that it had before all were hashed, it has the
bytes that were hashed. That counts for an hour and within one boot, since the clock behind ctime can be set,
and what a disk returns can change by itself. One way to write leaves no trace: storing into a mapping of the
file, in a page that was written to before. ``samebits env verify`` always hashes everything.
"""

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from samebits.sealed import files as stored

#: seconds for which a verification counts
LIFETIME = 3600

#: seconds since the last change, at least: two changes in one tick of the kernel's clock look like one
SETTLED = 2

#: names this start of the machine
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class VerifiedState:
    """The state of a prefix's files, as their inodes tell it, and where it is remembered.

    Attributes:
        path: the file beside the prefix, one for each boot of each machine.
        state: digest of every file's inode, size and times.
        settled: whether the last change is long enough ago to be told from a later one.
    """

    path: Path
    state: str
    settled: bool

    @staticmethod
    def of(prefix: Path, files: list[str]) -> "VerifiedState":
        """Look at the files of a prefix.

        Raises:
            OSError: one of them is not there any more.
        """
        state, newest = hashlib.sha256(), 0
        for file in files:
            status = os.lstat(f"{prefix}/{file}")
            times = (status.st_mtime_ns, status.st_ctime_ns)
            state.update(
                repr((file, status.st_dev, status.st_ino, status.st_mode, status.st_size, *times)).encode()
            )
            newest = max(newest, status.st_ctime_ns)
        boot = BOOT.read_text().strip().replace("-", "")
        settled = newest < time.time_ns() - SETTLED * 1_000_000_000
        return VerifiedState(prefix.parent / f".{prefix.name}.verified-{boot}", state.hexdigest(), settled)

    def holds(self) -> bool:
        """Say whether this user's files were verified in this very state, within the last hour."""
        try:
            with self.path.open("rb") as file:
                mine = os.fstat(file.fileno()).st_uid == os.geteuid()
                kept = json.load(file)
            return mine and kept["state"] == self.state and 0 <= _now() - kept["second"] < LIFETIME
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def keep(self) -> None:
        """Write down that the files were verified in this state; where that cannot be, it is done without."""
        if not self.settled:
            return
        with contextlib.suppress(OSError):
            for other in self.path.parent.iterdir():
                old = other.lstat().st_mtime < time.time() - LIFETIME
                if old and other.name.startswith(f"{self.path.name.rpartition('-')[0]}-"):
                    other.unlink()
            stored.write(self.path, json.dumps({"state": self.state, "second": _now()}), shared=True)


def _now() -> float:
    """Return the seconds since the machine was started, which nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
