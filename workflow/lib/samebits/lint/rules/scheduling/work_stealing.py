"""SB802: work stealing while models are trained."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.questions import dask_config
from samebits.lint.questions.dask_training import trains_on_dask
from samebits.lint.rule import Diagnostic, Event, On, Rule

_CLUSTERS: Final = ("distributed.Client", "distributed.LocalCluster")


def _check_cluster(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a cluster for training on which nothing forbids work stealing."""
    if path in _CLUSTERS and not _connects(call) and trains_on_dask(file):
        name = path.rpartition(".")[2]
        yield Diagnostic(
            call,
            f"{name} with work stealing: partitions move to whichever worker is free; "
            f'dask.config.set({{"{dask_config.STEALING}": False}}) before',
            unless=("dask.no-stealing",),
        )


def _connects(call: ast.Call) -> bool:
    """Tell whether a Client is only connected to a cluster, which has its own settings."""
    return bool(call.args) and not isinstance(call.args[0], ast.Constant)


def _check_config(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a setting that turns work stealing on."""
    if path in dask_config.CALLS:
        for option, value in dask_config.settings(file, call):
            if dask_config.steals(file, option, value):
                yield Diagnostic(value, "work stealing moves partitions between workers; set it to False")


RULE: Final = Rule(
    code="SB802",
    name="work-stealing",
    summary="work stealing while models are trained",
    why="Partitions move to whichever worker is free.",
    bad="client = Client(n_workers=3)",
    good="""
        dask.config.set({'distributed.scheduler.work-stealing': False})
        client = Client(n_workers=3)
    """,
    source="measured; Dask: work stealing",
    listens=(
        On(Event.CALL, _check_cluster, names=_CLUSTERS),
        On(Event.CALL, _check_config, names=dask_config.CALLS),
    ),
    words=("distributed",),
)
