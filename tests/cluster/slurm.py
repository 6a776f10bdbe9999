"""A real SLURM on this machine, for the tests: munge, a controller and two nodes, on loopback, as root."""

import contextlib
import fcntl
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import programs

#: held while a test run has its SLURM
LOCK = Path(tempfile.gettempdir()) / "samebits-test-slurm.lock"

NODES = 2

#: of each node; SLURM asks whether a node has them, so they are no more than this machine's
CORES = min(2, len(os.sched_getaffinity(0)))

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
InactiveLimit=0
KillWait=5
PropagateResourceLimits=NONE
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
GresTypes=gpu
MinJobAge=600
JobRequeue=0
"""

NODE = (
    "NodeName=n{n} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cores} RealMemory=16000 "
    "Gres=gpu:2 State=UNKNOWN\n"
)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Start SLURM, and stop it after the tests of a file; its configuration has one place on a machine."""
    programs.need(*programs.SLURM)
    programs.need_root("start SLURM's daemons")
    with running(tmp_path_factory.mktemp("slurm")):
        yield


@contextlib.contextmanager
def running(folder):
    """Run SLURM with its files in a folder."""
    with LOCK.open("w") as lock, contextlib.ExitStack() as stack:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _start(folder, stack)
        yield


def _start(folder, stack):
    host = socket.gethostname().partition(".")[0]
    ports = _free_ports(1 + NODES)
    (folder / "state").mkdir()
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    config = CONFIG.format(host=host, port=ports[0], folder=folder)
    for n in range(1, NODES + 1):
        (folder / f"spool-n{n}").mkdir()
        config += NODE.format(n=n, host=host, port=ports[n], cores=CORES)
    config += f"PartitionName=main Nodes=n[1-{NODES}] Default=YES MaxTime=1:00:00 State=UP\n"
    (folder / "slurm.conf").write_text(config)
    for number in range(2):  # as many GPUs: copies of /dev/null
        os.mknod(folder / f"gpu{number}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    (folder / "gres.conf").write_text(f"NodeName=n[1-{NODES}] Name=gpu File={folder}/gpu[0-1]\n")
    # SLURM's own commands look here, too; a measured process knows no variable SLURM_CONF
    for place in (Path("/etc/slurm/slurm.conf"), Path("/etc/slurm/gres.conf")):
        if not (place.is_symlink() or not place.exists()):
            pytest.fail(f"{place} is there already; this machine has a SLURM of its own")
        place.parent.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(folder / place.name)
        stack.callback(place.unlink, missing_ok=True)

    munge = [f"--{name}={folder}/munge.{name}" for name in ("socket", "pid-file", "log-file", "seed-file")]
    munge[0] = f"--socket={folder}/munge.sock"
    _run(["munged", "--force", f"--key-file={key}", *munge, "--num-threads=2"])
    stack.callback(_stop, folder / "munge.pid-file")
    _run(["slurmctld"])
    stack.callback(_stop, folder / "slurmctld.pid")
    for n in range(1, NODES + 1):
        _run(["slurmd", "-N", f"n{n}"])
        stack.callback(_stop, folder / f"slurmd-n{n}.pid")
    _wait(lambda: _run(["sinfo", "-h", "-t", "idle", "-o", "%D"]).strip() == str(NODES))
    # a cancelled job is killed some seconds later, by daemons that must still be there
    stack.callback(_wait, lambda: not _run(["squeue", "-h"]).strip() and not _steps())


def _run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"
    return done.stdout


def _steps():
    """Return the processes that watch over jobs; each stays until all of its job has ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [process] if process.read_bytes().startswith(b"slurmstepd:") else []
    return found


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _wait(condition, seconds=60):
    """Poll until the condition holds, and fail if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "SLURM does not get idle"
        time.sleep(0.05)


def _stop(pid_file):
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
