"""The Dask cluster of a model whose framework trains on one: its key ``dask``."""

from pydantic import Field, JsonValue

from samebits.section import Section


class Dask(Section):
    """The cluster that a model is trained on. Its size is part of the result's identity, its place is not."""

    workers: int = Field(ge=1, le=10000, description="workers, each with one share of the data")
    threads: int = Field(1, ge=1, le=4096, description="threads of each worker")
    scheduler: str = Field(
        "local",
        pattern=r"^(local|slurm|(tcp|tls|ucx)://\S+)$",
        description="start one here or on SLURM, or the address of a running one (tcp://host:8786)",
    )
    cluster: dict[str, JsonValue] = Field(
        {}, description="arguments of dask_jobqueue.SLURMCluster, with scheduler: slurm"
    )
