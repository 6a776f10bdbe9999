"""Snakemake's jobs on the workers of a Dask cluster: ``snakemake --executor dask``.

Each job of the workflow becomes one task, which runs Snakemake for that job on a worker, as other cluster
executors do. Its threads, memory and GPUs are Dask resources, so a worker never gets more than it has. Lines
that a job prints come back as they are printed. A task whose worker is lost is run again on another one.
"""

import json
import re
import sys
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

# Snakemake imports every plugin that is installed, whatever its executor: Dask is imported when it is used.

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,  # they travel with the task, not in a command line
    auto_deploy_default_storage_provider=False,
)

#: how many workers a job may lose before it counts as failed: it may be what kills them
LOSSES = 5

#: seconds between looks at the tasks; each is a look at this process' own memory
_INTERVAL = 0.2


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """The cluster that jobs run on."""

    scheduler: str = field(
        default="local",
        metadata={
            "help": "Where the workers are: local starts them on this machine, slurm as jobs of SLURM, "
            "and an address (tcp://host:8786) reaches a running cluster."
        },
    )
    workers: int = field(default=2, metadata={"help": "How many workers to start and to keep.", "type": int})
    threads: int | None = field(
        default=None,
        metadata={
            "help": "Threads of each started worker; the cores of this machine, shared out, if not given.",
            "type": int,
        },
    )
    memory_mb: int | None = field(
        default=None,
        metadata={
            "help": "Memory of each started worker in MB; this machine's, shared out, if not given.",
            "type": int,
        },
    )
    gpus: int = field(default=0, metadata={"help": "GPUs of each started worker.", "type": int})
    cluster: str = field(
        default="{}",
        metadata={
            "help": "Further arguments of dask_jobqueue.SLURMCluster as JSON, with the scheduler slurm: "
            '{"queue": "main", "walltime": "04:00:00"}'
        },
    )

    def __post_init__(self) -> None:
        """Check what a user can get wrong.

        Raises:
            WorkflowError: a setting has no meaning; one line that names it.
        """
        if not re.fullmatch(r"local|slurm|[a-z]+://\S+", self.scheduler):
            raise WorkflowError(
                f"--dask-scheduler is {self.scheduler!r}; give local, slurm or an address (tcp://host:8786)"
            )
        for name in ("workers", "threads", "memory_mb"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise WorkflowError(f"--dask-{name.replace('_', '-')} is {value}; give at least 1")
        try:
            arguments = json.loads(self.cluster)
        except ValueError as error:
            raise WorkflowError(f"--dask-cluster is not JSON: {error}") from None
        if not isinstance(arguments, dict):
            raise WorkflowError(f"--dask-cluster is {self.cluster}; give a JSON object")


class Executor(RemoteExecutor):
    """Submits jobs to a Dask cluster, watches them and brings their output back."""

    def __post_init__(self) -> None:
        """Start or reach the cluster.

        Raises:
            WorkflowError: Dask is not installed, or the cluster cannot be had.
        """
        try:
            from snakemake_executor_plugin_dask.cluster import Cluster
        except ImportError as error:
            raise WorkflowError(
                f"the executor dask needs Dask ({error}); install it with: pip install 'samebits[dask]'"
            ) from None
        self._futures: dict[str, Any] = {}
        self._starts = Counter[str]()
        self._unfit: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._cluster = Cluster(self.workflow.executor_settings)
        self._cluster.listen(self._hear)
        self._logs = Path(".snakemake/dask_logs").resolve()
        self.next_seconds_between_status_checks = _INTERVAL
        self.logger.info(f"Dask: {self._cluster.describe()}")

    def additional_general_args(self) -> str:
        """Keep Snakemake's own lines about a job, which the main process prints, out of the job's output."""
        return "--quiet all"

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job, or fail it at once if no worker will ever fit."""
        name = job.format_wildcards(job.name) if not job.is_group() else str(job.groupid)
        key = f"{name}-{job.jobid}-{uuid.uuid4().hex[:8]}"
        info = SubmittedJobInfo(job, external_jobid=key, aux={"log": self._logs / name / f"{key}.log"})
        needs = _needs(job)
        if problem := self._cluster.unfit(needs):
            self._unfit[key] = problem
            self.report_job_submission(info, register_job=False)
            return
        self._names[key] = name
        self._submit(info)
        self.report_job_submission(info)

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Report what has ended, and hand back what has not."""
        if not active_jobs:  # also while the cluster is being started: looking begins before that
            return
        self._cluster.keep()
        for info in active_jobs:
            if problem := self._unfit.pop(info.external_jobid, None):
                self._end(info, problem)
                continue
            future = self._futures[info.external_jobid]
            if self._starts[info.external_jobid] > LOSSES:
                self._cluster.cancel({info.external_jobid: future})
                self._end(info, f"It lost the worker it ran on {LOSSES} times; it may be what kills them.")
            elif future.status == "pending":
                yield info
            elif self._cluster.lost(future):
                # Dask holds the loss of a worker against every task that waited for it, too
                self._submit(info)
                yield info
            else:
                self._end(info, self._cluster.problem(future))

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End jobs, and everything that they have started."""
        futures = {info.external_jobid: self._futures.get(info.external_jobid) for info in active_jobs}
        self._cluster.cancel({key: future for key, future in futures.items() if future is not None})

    def shutdown(self) -> None:
        """Wait for what is being reported, and let go of the cluster."""
        super().shutdown()
        self._cluster.close()

    def _submit(self, info: SubmittedJobInfo) -> None:
        key, job = info.external_jobid, info.job
        self._futures[key] = self._cluster.submit(
            key,
            self.format_job_exec(job),
            dict(self.envvars()),
            str(info.aux["log"]),
            _needs(job),
            job.priority,
        )

    def _end(self, info: SubmittedJobInfo, problem: str | None) -> None:
        self._futures.pop(info.external_jobid, None)
        if problem is None:
            self.report_job_success(info)
        else:
            self.report_job_error(info, msg=f"{problem} Its output is in {info.aux['log']}. ")

    def _hear(self, key: str, line: str | None) -> None:
        if line is None:
            self._starts[key] += 1
        elif key in self._names:
            print(f"[{self._names[key]}] {line}", end="", file=sys.stderr, flush=True)


def _needs(job: JobExecutorInterface) -> dict[str, float]:
    """Return the resources of Dask that a job takes up; those that Snakemake could not tell are left out."""
    given = {"cores": job.threads, "mem_mb": job.resources.get("mem_mb"), "gpu": job.resources.get("gpu")}
    if given["gpu"] is None:
        given["gpu"] = job.resources.get("nvidia_gpu")
    return {name: value for name, value in given.items() if isinstance(value, int) and value > 0}
