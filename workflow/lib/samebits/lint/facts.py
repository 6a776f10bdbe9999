"""What a file does for its whole project: seeding, switching, pinning."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.analyses import dask_config
from samebits.lint.analyses.variables import SetVariable
from samebits.lint.catalog import conditions, is_named
from samebits.lint.file import File

#: names besides those in the catalogs whose calls are facts
CALLS: Final = ("submit", "scatter", "persist", "compute", "map", "replicate", "worker_map", "set")

_PINNING: Final = frozenset({"submit", "scatter", "persist", "compute", "map", "replicate"})
_XLA: Final = ("xla_gpu_deterministic_ops=true", "xla_gpu_exclude_nondeterministic_ops=true")
_NO_STEALING: Final = "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING"


def collect(file: File, variables: list[SetVariable]) -> frozenset[str]:
    """Return the facts of a file; ``variables`` are the environment variables that it sets."""
    facts: set[str] = set()
    for call, path in file.calls:
        facts.update(_of_catalog(file, call, path))
        facts.update(_of_dask(file, call, path))
    for variable in variables:
        facts.update(_of_variable(file, variable))
    return frozenset(facts)


def _of_catalog(file: File, call: ast.Call, path: str) -> Iterator[str]:
    for fact in file.catalog.facts_by_leaf.get(path.rpartition(".")[2], ()):
        if any(is_named(path, name) for name in fact.names):
            if conditions.hold(call, fact.when, file.semantics, file.catalog):
                yield from fact.facts


def _of_dask(file: File, call: ast.Call, path: str) -> Iterator[str]:
    """Yield what pins partitions to workers, and what forbids stealing them."""
    if path.rpartition(".")[2] in _PINNING and any(keyword.arg == "workers" for keyword in call.keywords):
        yield "dask.pinned"
    if "worker_map" in path:
        yield "dask.pinned"
    if path in dask_config.CALLS:
        for option, value in dask_config.settings(file, call):
            if dask_config.steals(file, option, value) is False:
                yield "dask.no-stealing"


def _of_variable(file: File, variable: SetVariable) -> Iterator[str]:
    yield f"variable.{variable.name}"
    if variable.name == _NO_STEALING:
        yield "dask.no-stealing"
    if file.context.sealed or variable.known(file) is None:
        return
    text = " ".join(map(str, file.semantics.values(variable.value) or ()))
    if any(option in text for option in _XLA):
        yield "xla.deterministic"
    if variable.name == "TORCHINDUCTOR_DETERMINISTIC" and text == "1":
        yield "inductor.deterministic"
