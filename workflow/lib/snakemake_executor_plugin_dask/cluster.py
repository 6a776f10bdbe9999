"""The Dask cluster that jobs run on: started here or on SLURM and kept at its size, or a running one."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import distributed
from distributed.diagnostics.plugin import WorkerPlugin
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_dask import task

if TYPE_CHECKING:
    from snakemake_executor_plugin_dask import ExecutorSettings

#: seconds after which a lost worker is replaced
_LOST = 5

#: for the clusters that are started here
_SETTINGS = {
    "distributed.deploy.lost-worker-timeout": f"{_LOST}s",
    "distributed.scheduler.http.routes": [],
}


class Cluster:
    """The workers, and the tasks on them."""

    def __init__(self, settings: "ExecutorSettings"):
        """Start or reach the cluster.

        Raises:
            WorkflowError: there is none; one line that says why.
        """
        self._settings = settings
        self._topic = f"snakemake-{uuid.uuid4().hex}"
        self._looked = time.monotonic()
        self._cluster: Any = None
        self._resources: dict[str, float] | None = None
        dask.config.set(_SETTINGS)
        if settings.scheduler in ("local", "slurm"):
            self._resources = _resources(settings)
            start = _Local if settings.scheduler == "local" else _slurm
            self._cluster = start(settings, self._resources)
        address = settings.scheduler if self._cluster is None else self._cluster.scheduler_address
        try:
            self._client = distributed.Client(address, set_as_default=False)
        except (OSError, ValueError) as error:
            raise WorkflowError(
                f"there is no Dask scheduler at {settings.scheduler} ({error}); start it with "
                "`dask scheduler`, or use --dask-scheduler local"
            ) from None
        if self._cluster is None:
            self._client.register_plugin(Declare())

    def describe(self) -> str:
        """Say in a line what cluster it is."""
        if self._resources is None:
            return f"cluster at {self._settings.scheduler}, {len(self._workers())} worker(s)"
        has = ", ".join(f"{name}={value:g}" for name, value in self._resources.items())
        return f"{self._settings.workers} worker(s) on {self._settings.scheduler}, each with {has}"

    def listen(self, hear: Callable[[str, str | None], None]) -> None:
        """Have ``hear`` called with a job's key and None when it begins, then for each line it prints."""
        self._client.subscribe_topic(self._topic, lambda event: hear(*event[1]))

    def unfit(self, needs: dict[str, float]) -> str | None:
        """Say why no worker will ever do for a job; None if one does, or if there is none yet."""
        workers = [self._resources] if self._resources is not None else self._workers()
        if not workers or any(all(w.get(n, 0) >= v for n, v in needs.items()) for w in workers):
            return None
        wanted = ", ".join(f"{name}={value:g}" for name, value in needs.items())
        largest = {name: max(worker.get(name, 0) for worker in workers) for name in needs}
        has = ", ".join(f"{name}={value:g}" for name, value in largest.items())
        return f"The job needs {wanted}, and no worker has as much (at most {has}); start larger workers."

    def submit(
        self,
        key: str,
        command: str,
        variables: dict[str, str],
        log: str,
        needs: dict[str, float],
        priority: int,
    ) -> Any:
        """Submit a shell command of the job ``key`` as a task, and return the task's future."""
        return self._client.submit(
            task.run,
            key,
            command,
            variables,
            str(Path.cwd()),
            log,
            self._topic,
            key=f"{key}-{uuid.uuid4().hex[:8]}",  # a job may be submitted again
            resources=needs,
            priority=priority,
            pure=False,
        )

    def lost(self, future: Any) -> bool:
        """Say whether Dask gave a task up because workers were lost that it ran on or waited for."""
        return future.status == "error" and isinstance(future.exception(), distributed.KilledWorker)

    def problem(self, future: Any) -> str | None:
        """Say why a task that has ended has failed; None if it has not."""
        if future.status == "finished":
            status = future.result()
            return f"It ended with the exit status {status}." if status else None
        if future.status == "error":
            error = future.exception()
            return f"{type(error).__name__}: {error}."
        return "The Dask scheduler is gone."

    def keep(self) -> None:
        """Start anew what was lost of the workers that were started here."""
        if self._cluster is not None and time.monotonic() - self._looked > _LOST:
            self._looked = time.monotonic()
            self._cluster.scale(self._settings.workers)

    def cancel(self, futures: dict[str, Any]) -> None:
        """End tasks: those that wait are dropped, the processes of those that run are killed."""
        try:
            self._client.cancel(list(futures.values()))
            self._client.run(task.cancel, list(futures), on_error="ignore")
        except (OSError, RuntimeError, TimeoutError):  # the cluster is gone, and its workers end their tasks
            pass

    def close(self) -> None:
        """Let go of the cluster; end it if it was started here."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _workers(self) -> list[dict[str, float]]:
        info = self._client.scheduler_info(n_workers=-1)["workers"]
        return [worker["resources"] for worker in info.values()]


class Declare(WorkerPlugin):
    """Lets a worker that was started without resources declare its threads and its memory."""

    name = "snakemake-resources"

    async def setup(self, worker: Any) -> None:
        """Declare what the worker has; what it declared itself stays."""
        memory = worker.memory_manager.memory_limit or _memory()
        found = {"cores": worker.state.nthreads, "mem_mb": memory // 2**20}
        await worker.set_resources(**(found | dict(worker.state.total_resources)))


def _resources(settings: "ExecutorSettings") -> dict[str, float]:
    """Return what each started worker has."""
    workers = settings.workers if settings.scheduler == "local" else 1
    cores = settings.threads or max(1, len(os.sched_getaffinity(0)) // workers)
    memory = settings.memory_mb or _memory() // 2**20 // workers
    return {"cores": cores, "mem_mb": memory, **({"gpu": settings.gpus} if settings.gpus else {})}


def _declared(resources: dict[str, float]) -> str:
    return ",".join(f"{name}={value:g}" for name, value in resources.items())


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class _Local:
    """A scheduler in this process, and workers as processes beside it.

    LocalCluster's own workers would each import this process' main module, Snakemake.
    """

    def __init__(self, settings: "ExecutorSettings", resources: dict[str, float]):
        self._scheduler = distributed.LocalCluster(
            n_workers=0, processes=True, host="127.0.0.1", dashboard_address=None
        )
        self.scheduler_address = self._scheduler.scheduler_address
        arguments = ["--host", "127.0.0.1", "--nthreads", f"{resources['cores']:g}"]
        # the jobs use memory, not the worker
        arguments += ["--memory-limit", "0", "--no-nanny", "--no-dashboard"]
        arguments += ["--resources", _declared(resources)]
        # however this process ends, the kernel ends the workers, and so their jobs
        ended = [
            "/usr/bin/setpriv",
            "--pdeathsig",
            "KILL",
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
        ]
        self._command = [*ended, self.scheduler_address, *arguments]
        self._workers: list[subprocess.Popen[bytes]] = []
        self.scale(settings.workers)

    def scale(self, count: int) -> None:
        """Start workers until there are as many."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < count:
            # a session of its own: the terminal's ^C is for Snakemake, which then cancels its jobs
            worker = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            self._workers.append(worker)

    def close(self) -> None:
        """End the workers and the scheduler."""
        for worker in self._workers:
            worker.kill()
            worker.wait()
        self._scheduler.close()


def _slurm(settings: "ExecutorSettings", resources: dict[str, float]) -> Any:
    import dask_jobqueue

    given = json.loads(settings.cluster)
    gpus = [f"--gres=gpu:{settings.gpus}"] if settings.gpus else []
    ours: dict[str, Any] = {
        "cores": int(resources["cores"]),
        "memory": f"{resources['mem_mb']:g}MiB",
        "processes": 1,
        "worker_extra_args": ["--resources", _declared(resources), *given.get("worker_extra_args", [])],
        "job_extra_directives": [*gpus, *given.get("job_extra_directives", [])],
        "scheduler_options": {"dashboard_address": None, **given.get("scheduler_options", {})},
    }
    try:
        cluster = dask_jobqueue.SLURMCluster(**{**given, **ours})
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"--dask-cluster: {error}") from None
    cluster.scale(settings.workers)
    return cluster
