"""The Dask cluster that a spec is trained on: started here or on SLURM, or reached by its address.

Every worker is a sealed process, with the variables, the flags, the environment and the modules of the
measured process itself; a cluster with any other worker, or with too many or too few, is refused by name.
"""

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dask
import dask_jobqueue
import distributed

from samebits.sealed import seal
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.spec import Spec

#: how long workers may take to come: those of a queue wait for their turn, started ones only for Python
_SECONDS = {"slurm": 24 * 3600, "local": 300}
_RUNNING = 30

#: home of processes that a user starts: it outlives a run, and no setting of the user's is in it
_ANYWHERE = "/tmp"  # noqa: S108

#: what a scheduler must not do: move data between workers, copy it, or serve pages
_SETTINGS = {
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class Cluster:
    """A cluster of exactly the workers that a spec asks for.

    Attributes:
        client: the client of the cluster.
        workers: the workers' addresses, in the order of XGBoost's ranks.
    """

    def __init__(self, spec: Spec, execution: Execution):
        """Start or reach the cluster, and check it.

        Raises:
            Refused: the cluster is not what the spec asks for.
        """
        self._spec = spec
        self._closing = contextlib.ExitStack()
        # a verifier needs no queue and no cluster of others
        self._where = "local" if execution.virtual else execution.scheduler
        self._processes: list[subprocess.Popen[bytes]] = []
        dask.config.set(_SETTINGS)
        try:
            address = self._start(execution)
            self.client = self._closing.enter_context(_connect(spec, address))
            self.workers = self._expected_workers()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the cluster, and end the workers that were started for it."""
        self._closing.close()

    def _start(self, execution: Execution) -> Any:
        spec = self._spec
        if self._where not in _SECONDS:
            return self._where
        if self._where == "local":
            cluster = self._closing.enter_context(
                distributed.LocalCluster(  # only its scheduler: its workers would not be sealed
                    n_workers=0, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
                )
            )
            for number in range(spec.processes):
                command = worker_command(spec, cluster.scheduler_address, f"worker-{number:05d}")
                self._processes.append(self._closing.enter_context(_running(command, number)))
            return cluster
        cluster = self._closing.enter_context(_slurm(spec, execution.cluster))
        cluster.scale(spec.processes)
        return cluster

    def _expected_workers(self) -> list[str]:
        """Return the workers' addresses by rank.

        Raises:
            Refused: they are not what the spec asks for.
        """
        spec, wanted = self._spec, self._spec.processes
        workers = self._wait()
        if len(workers) != wanted:
            raise Refused(
                f"{self._name} has {len(workers)} worker(s), but the spec has {wanted}; start as many, "
                "or set dask.workers"
            )
        for address, (name, threads) in sorted(workers.items()):
            if threads != spec.threads:
                raise Refused(
                    f"{self._name}: worker {name} at {address} has {threads} thread(s), but the spec has "
                    f"{spec.threads}; start it with --nthreads {spec.threads}, or set dask.threads"
                )
        try:
            moving = self.client.run_on_scheduler(_moves_data)
        except ImportError as error:
            moving = f"without samebits ({error})"
        if moving:
            command = shlex.join(scheduler_command(_ANYWHERE))
            raise Refused(f"{self._name}: its scheduler runs {moving}; start it with {command}")
        for address, problem in sorted(self.client.run(_sealed, spec, on_error="return").items()):
            if problem is not None:
                name = workers[address][0]
                command = shlex.join(
                    worker_command(spec, self.client.scheduler.address, str(name), _ANYWHERE)
                )
                raise Refused(f"{self._name}: worker {name} at {address}: {problem}; start it with {command}")
        return sorted(workers, key=lambda address: _task(workers[address][0], address))

    def _wait(self) -> dict[str, tuple[Any, int]]:
        """Wait for the workers and return those that came: names and threads by address.

        Raises:
            Refused: a worker that was started here has ended.
        """
        end = time.monotonic() + _SECONDS.get(self._where, _RUNNING)
        while True:
            with contextlib.suppress(TimeoutError):
                self.client.wait_for_workers(self._spec.processes, timeout=1)
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
            ready = {address: (worker["name"], worker["nthreads"]) for address, worker in workers.items()}
            if len(ready) >= self._spec.processes or time.monotonic() > end:
                return ready
            for number, process in enumerate(self._processes):
                if process.poll() is not None:
                    lines = _log(number).read_text().strip().splitlines() or ["it said nothing"]
                    raise Refused(f"model {self._spec.model}: a Dask worker did not start: {lines[-1]}")

    @property
    def _name(self) -> str:
        return f"model {self._spec.model}: the cluster at {self.client.scheduler.address}"

    def gone(self) -> list[str]:
        """Return the addresses of the workers that are no longer there, after having asked each."""
        if self.client.status != "running":
            return self.workers
        answers = self.client.run(os.getpid, workers=None, on_error="return")
        return [worker for worker in self.workers if not isinstance(answers.get(worker), int)]


def worker_command(spec: Spec, scheduler: str, name: str, folder: str | None = None) -> list[str]:
    """Return the command that starts a sealed worker: with the variables and flags of this process only.

    ``folder`` is its home, and where it keeps files; this process' own if None.
    """
    arguments = ["--name", name, "--nthreads", str(spec.threads), *_arguments(scheduler, folder)]
    return [*_python(folder), "-m", "distributed.cli.dask_worker", scheduler, "--no-nanny", *arguments]


def scheduler_command(folder: str) -> list[str]:
    """Return the command that starts a scheduler that leaves data where it is put."""
    settings = {
        "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
        "DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START": "False",
    }
    arguments = ["--host", "127.0.0.1", "--no-dashboard"]
    return [*_python(folder, settings), "-m", "distributed.cli.dask_scheduler", *arguments]


def _python(folder: str | None = None, settings: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Return how Python is started with the variables and flags of this process, and with the settings."""
    places = {} if folder is None else {"HOME": folder, "TMPDIR": folder}
    variables = {**seal.variables_at_start(), **places, **settings}
    pairs = [f"{name}={value}" for name, value in sorted(variables.items())]
    return ["/usr/bin/env", "-i", *pairs, sys.executable, "-sP"]


def _arguments(scheduler: str, folder: str | None = None) -> list[str]:
    """Return what every worker gets: no pages, no limit of memory at which it would move or drop data."""
    host = ["--host", "127.0.0.1"] if "//127.0.0.1" in scheduler else []
    place = ["--local-directory", folder or os.environ["TMPDIR"]]
    return [*host, *place, "--no-dashboard", "--memory-limit", "0", "--death-timeout", "60"]


def _slurm(spec: Spec, arguments: dict[str, Any]) -> Any:
    """Return a cluster on SLURM; the user's ``arguments``, and over them the sealed worker's."""
    options = {"host": "127.0.0.1"} | arguments.get("scheduler_options", {})
    ours = {
        "processes": 1,
        "nanny": False,
        "python": shlex.join(_python()),
        "scheduler_options": options | {"dashboard_address": f"{options['host']}:0"},
        "worker_extra_args": [  # which go into a job's script as they are
            *arguments.get("worker_extra_args", []),
            *map(shlex.quote, _arguments(f"//{options['host']}")),
        ],
        "local_directory": None,
        "death_timeout": None,
    }
    return dask_jobqueue.SLURMCluster(**{"cores": spec.threads, "memory": "1GiB", **arguments, **ours})


@contextlib.contextmanager
def _connect(spec: Spec, address: Any) -> Iterator[distributed.Client]:
    try:
        client = distributed.Client(address, timeout=_RUNNING, set_as_default=True)
    except (OSError, ValueError) as error:
        raise Refused(
            f"model {spec.model}: there is no Dask scheduler at {address}: {error}; start it, or set "
            "dask.scheduler"
        ) from None
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def _running(command: list[str], number: int) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a worker running; the kernel ends it with this process, however that ends."""
    with _log(number).open("wb") as log:
        ended = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        process = subprocess.Popen([*ended, *command], stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _log(number: int) -> Path:
    return Path(os.environ["TMPDIR"]) / f"worker-{number:05d}.txt"


def _moves_data(dask_scheduler: Any) -> str | None:
    """Run in the scheduler: name what of it moves data between workers."""
    if "stealing" in dask_scheduler.extensions:
        return "work stealing, which moves data"
    manager = dask_scheduler.extensions.get("amm")
    return "the active memory manager, which copies data" if manager is not None and manager.running else None


def _sealed(spec: Spec) -> str | None:
    """Run in a worker: say what its process lacks of being sealed."""
    try:
        seal.check(spec)
    except Refused as refused:
        return str(refused).partition("; start it with")[0]
    return None


def _task(name: Any, address: str) -> str:
    """Return the name by which XGBoost sorts the workers to ranks."""
    return f"[xgboost.dask-{name}]:{address}"
