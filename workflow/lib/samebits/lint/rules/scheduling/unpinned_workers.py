"""SB803: data or workers that the scheduler moves."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.file import File
from samebits.lint.questions import dask_config
from samebits.lint.questions.dask_training import trains_on_dask
from samebits.lint.rule import Diagnostic, Event, On, Rule

_MOVING: Final = ("scatter", "persist")


def _check_call(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report data of a training that are spread without naming workers."""
    name = path.rpartition(".")[2]
    if path.startswith("distributed.") and name in _MOVING and trains_on_dask(file):
        message = f"{name} lets the scheduler choose the workers; name them: workers=[...]"
        yield Diagnostic(call, message, unless=("dask.pinned",))


def _check_config(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a setting that turns the active memory manager on."""
    if path in dask_config.CALLS:
        for option, value in dask_config.settings(file, call):
            if "active-memory-manager.start" in option and True in (file.semantics.values(value) or ()):
                yield Diagnostic(
                    value,
                    "the active memory manager moves partitions between workers; set it to False",
                )


RULE: Final = Rule(
    code="SB803",
    name="unpinned-workers",
    summary="data or workers that the scheduler moves",
    why="What a worker holds decides what it adds first.",
    bad="cluster.adapt(minimum=1, maximum=9)",
    good="cluster.scale(4)",
    source="Dask: adaptive deployments",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.CALL, _check_call, names=_MOVING),
        On(Event.CALL, _check_config, names=dask_config.CALLS),
    ),
    words=("distributed",),
)
