"""Snakemake's jobs on Kubernetes, over a volume: ``snakemake --executor kubernetes-volume``.

Snakemake's own executor for Kubernetes (0.5) makes the jobs. It takes for granted that they share no file
system with the workflow and hands every file through a storage, whatever ``--shared-fs-usage`` says. Here
they work in the folder in which the workflow was started, on a volume that all see under the same path.
"""

from dataclasses import dataclass, field

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import AbstractExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,  # they travel as a secret, not in a command line
    auto_deploy_default_storage_provider=False,
)

# Snakemake imports every plugin that is installed, whatever its executor.
try:
    from snakemake_executor_plugin_kubernetes import ExecutorSettings

    from snakemake_executor_plugin_kubernetes_volume.executor import Executor
except ImportError as missing:
    _problem = str(missing)

    @dataclass
    class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[no-redef]
        """What a profile sets, so that the refusal below is heard."""

        persistent_volumes: list[str] = field(
            default_factory=list, metadata={"help": "Claims and where to mount them.", "nargs": "+"}
        )

    class Executor(AbstractExecutor):  # type: ignore[no-redef]
        """Stands for the executor where its parts are not installed."""

        def __new__(cls, *arguments: object) -> "Executor":
            """Refuse.

            Raises:
                WorkflowError: always.
            """
            raise WorkflowError(
                f"the executor kubernetes-volume needs Snakemake's for Kubernetes ({_problem}); install it "
                "with: pip install 'samebits[kubernetes]'"
            )
