"""Snakemake's executor for Kubernetes, told where to work, and made to hear of every end of a job."""

import re
import shlex
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import kubernetes
import snakemake_executor_plugin_kubernetes as upstream
import urllib3
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

#: what the API server may answer once and not the next time
_PASSING = (kubernetes.client.ApiException, urllib3.exceptions.HTTPError)

#: the container of a pod in which Snakemake runs; clusters add others
_CONTAINER = "snakemake"


class Executor(upstream.Executor):
    """Submits jobs to Kubernetes and watches them."""

    def __post_init__(self) -> None:
        """Check what a user can get wrong, and reach the cluster.

        Raises:
            WorkflowError: the image has no digest, no volume holds the working folder, or no cluster answers.
        """
        image = self.workflow.remote_execution_settings.container_image
        if not re.search(r"@sha256:[0-9a-f]{64}$", image):
            raise WorkflowError(
                f"--container-image is {image}, and what that is may change; name it by its digest: "
                "HOST/NAME@sha256:…"
            )
        volumes = self.workflow.executor_settings.persistent_volumes
        if not any(Path.cwd().is_relative_to(volume.path) for volume in volumes):
            mounted = ", ".join(volume.unparse() for volume in volumes) or "none"
            raise WorkflowError(
                f"the working folder {Path.cwd()} is on no volume of the jobs ({mounted}); start the "
                "workflow on one, or name it with --kubernetes-volume-persistent-volumes CLAIM:PATH"
            )
        self._refused: dict[str, str] = {}
        try:
            super().__post_init__()
        except kubernetes.config.ConfigException as error:
            raise WorkflowError(f"there is no Kubernetes cluster: {error}") from None
        except _PASSING as error:
            raise WorkflowError(f"the Kubernetes cluster cannot be used: {_reason(error)}") from None

    def get_job_exec_prefix(self, job: JobExecutorInterface) -> str:
        """Let a job begin in the working folder; the executor's own is an empty one."""
        return f"cd {shlex.quote(str(Path.cwd()))}"

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job; one that the API server does not take has failed, and the workflow goes on."""
        try:
            super().run_job(job)
        except WorkflowError as error:
            name = f"refused-{job.jobid}-{job.attempt}"
            self._refused[name] = " ".join(str(error).split("HTTP response", 1)[0].split())
            self.report_job_submission(SubmittedJobInfo(job, external_jobid=name), register_job=False)

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Report what has ended, and hand back what has not.

        Snakemake's own (0.5.1) loses sight of a job when the API server fails once or the job is deleted by
        others, and asks for the log of a failed container's predecessor, which never was.
        """
        for info in active_jobs:
            if problem := self._refused.pop(info.external_jobid, None):
                self.report_job_error(info, msg=f"{problem} ")
                continue
            async with self.status_rate_limiter:
                try:
                    ended, problem = self._look(info.external_jobid)
                except _PASSING as error:
                    self.logger.warning(f"Kubernetes does not answer, asking again: {_reason(error)}")
                    ended, problem = False, None
            if not ended:
                yield info
            elif problem is None:
                self.report_job_success(info)
                self._delete(info.external_jobid)
            else:
                logs = self._keep_log(info.external_jobid)
                self.report_job_error(info, msg=f"{problem} ", aux_logs=logs)
                self._delete(info.external_jobid)

    def _look(self, name: str) -> tuple[bool, str | None]:
        """Tell whether a job has ended, and if so, what was wrong with it.

        Raises:
            ApiException, HTTPError: the API server does not answer.
        """
        try:
            status = self.batchapi.read_namespaced_job_status(name, self.namespace).status
        except kubernetes.client.ApiException as error:
            if error.status != 404:
                raise
            return True, f"The Kubernetes job {name} was deleted."
        # a job lasts as long as all containers of its pod, those that a cluster adds included
        exits = [state.exit_code for state in map(_ended, self._pods(name)) if state is not None]
        if status.succeeded or exits == [0]:
            return True, None
        if status.failed or exits:
            how = f"with the exit status {exits[0]}" if exits else "before its container had"
            return True, f"The Kubernetes job {name} ended {how}."
        return False, None

    def _pods(self, name: str) -> list[Any]:
        found = self.kubeapi.list_namespaced_pod(self.namespace, label_selector=f"job-name={name}")
        return list(found.items)

    def _keep_log(self, name: str) -> list[str]:
        """Write what a job's container said beside Snakemake's own logs; return the file, if there is one."""
        log = self.log_path / f"{name}.log"
        try:
            for pod in self._pods(name):
                said = self.kubeapi.read_namespaced_pod_log(
                    pod.metadata.name, self.namespace, container=_CONTAINER
                )
                log.write_text(said)
        except _PASSING as error:
            self.logger.warning(f"The log of {name} cannot be had: {_reason(error)}")
        return [str(log)] if log.exists() else []

    def _delete(self, name: str) -> None:
        if self.workflow.executor_settings.omit_job_cleanup:
            return
        try:
            self.safe_delete_job(name, ignore_not_found=True)
        except _PASSING as error:
            self.logger.warning(f"The Kubernetes job {name} cannot be deleted: {_reason(error)}")


def _ended(pod: Any) -> Any:
    """Return how a pod's container ended; None if it has not."""
    for container in pod.status.container_statuses or []:
        if container.name == _CONTAINER and container.state is not None:
            return container.state.terminated
    return None


def _reason(error: Exception) -> str:
    """Say in a line what the API server answered."""
    if isinstance(error, kubernetes.client.ApiException):
        return f"{error.status} {error.reason}"
    return str(error)
