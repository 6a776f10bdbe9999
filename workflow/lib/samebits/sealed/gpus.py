"""Exclusive GPUs: a process that trains on some holds a lock on each, against every user of the machine.

Snakemake counts GPUs and assigns none (snakemake#281): without this two jobs would both use the first. The
locks are the kernel's, so they end with the process that holds them, however it ends.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from samebits.sealed import locks
from samebits.sealed.errors import Refused

#: where the locks are: one place for all users of a machine, whatever their TMPDIR
PLACE = Path("/tmp/samebits-gpus")  # noqa: S108

_QUERY = ("uuid", "name", "driver_version")
_PATIENCE = 10.0  # seconds until a wait is told


@dataclass(frozen=True)
class Gpu:
    """A GPU as its driver tells of it.

    Attributes:
        uuid: its identity, ``GPU-…``, the same whatever else is visible.
        model: its name.
        driver: version of the driver.
    """

    uuid: str
    model: str
    driver: str


def installed() -> list[Gpu]:
    """List the GPUs of this machine in the driver's order; none if there is no driver."""
    if (command := shutil.which("nvidia-smi")) is None:
        return []
    query = [command, f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader"]
    listed = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if listed.returncode != 0:
        return []
    return [Gpu(*(part.strip() for part in line.split(","))) for line in listed.stdout.splitlines()]


def usable() -> list[Gpu]:
    """List the GPUs that CUDA_VISIBLE_DEVICES leaves to this process: all, if it is not set.

    A cluster's manager sets it for its jobs, to indices or to beginnings of UUIDs. As in CUDA, what comes
    after a name that fits no GPU does not count.
    """
    gpus = installed()
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        return gpus
    chosen: list[Gpu] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name.isdigit():
            fitting = gpus[int(name) : int(name) + 1]
        else:
            fitting = [gpu for gpu in gpus if gpu.uuid.startswith(name)]
        if len(fitting) != 1 or fitting[0] in chosen:
            break
        chosen += fitting
    return chosen


def visible() -> list[dict[str, str]]:
    """Return the GPUs of this process as its fingerprint holds them."""
    return [asdict(gpu) for gpu in usable()]


def lease(model: str, count: int, place: Path = PLACE) -> list[str]:
    """Wait for GPUs that nobody else has leased, and keep them until this process ends.

    The locks go on over ``exec``, and are not handed to child processes.

    Args:
        model: whom to name in messages.
        count: how many.
        place: folder of the locks.

    Returns:
        The UUIDs, as CUDA_VISIBLE_DEVICES takes them.

    Raises:
        Refused: this process may use fewer.
    """
    gpus = usable()
    if len(gpus) < count:
        raise Refused(
            f"model {model}: it trains on {count} GPU(s), and {len(gpus)} can be used here; set device: cpu, "
            "or run it where there are more"
        )
    files = {gpu.uuid: _file(gpu.uuid, place) for gpu in gpus}
    began, announced = time.monotonic(), False
    while len(held := _hold(files, count)) < count:
        for uuid in held:  # all or none, or two could wait for each other for ever
            locks.release(files[uuid])
        if not announced and time.monotonic() - began > _PATIENCE:
            announced = True
            print(
                f"{model}: waiting for {count} of {len(gpus)} GPU(s), which others train on", file=sys.stderr
            )
        # differs by process, so that waiting processes do not all look at once
        time.sleep(0.05 + os.getpid() % 50 / 1000)
    for uuid, descriptor in files.items():
        if uuid in held:
            os.set_inheritable(descriptor, True)
        else:
            os.close(descriptor)
    return held


def _hold(files: dict[str, int], count: int) -> list[str]:
    """Lock as many as are free, up to ``count``, and return which."""
    held: list[str] = []
    for uuid, descriptor in files.items():
        if len(held) == count:
            break
        if locks.take(descriptor):
            held.append(uuid)
    return held


def _file(uuid: str, place: Path) -> int:
    """Open the file of a GPU's lock; every user may, and none may replace it."""
    if not place.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o1777)
    path = place / uuid
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o444)
