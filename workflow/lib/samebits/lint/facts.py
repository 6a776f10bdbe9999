"""What a file does for its whole project: seeding, switching, pinning."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from samebits.lint.catalog import conditions, is_named
from samebits.lint.catalog.entries import Fact
from samebits.lint.file import File
from samebits.lint.questions import dask_config
from samebits.lint.questions.variables import SetVariable

#: names besides those in the catalogs whose calls are facts
CALLS: Final = ("submit", "scatter", "persist", "compute", "map", "replicate", "worker_map", "set")

_PINNING: Final = frozenset({"submit", "scatter", "persist", "compute", "map", "replicate"})
_XLA: Final = ("xla_gpu_deterministic_ops=true", "xla_gpu_exclude_nondeterministic_ops=true")
_NO_STEALING: Final = "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING"


def collect(file: File, variables: list[SetVariable]) -> frozenset[str]:
    """Return the facts of a file; ``variables`` are the environment variables that it sets."""
    facts: set[str] = set()
    by_leaf = file.catalog.facts_by_leaf
    for call, path in file.calls:
        leaf = path.rpartition(".")[2]
        if leaf in by_leaf:
            facts.update(_of_catalog(file, call, path, by_leaf[leaf]))
        if leaf in _PINNING and any(keyword.arg == "workers" for keyword in call.keywords):
            facts.add("dask.pinned")
        if "worker_map" in path:
            facts.add("dask.pinned")
        if path in dask_config.CALLS and _forbids_stealing(file, call):
            facts.add("dask.no-stealing")
    for variable in variables:
        facts.update(_of_variable(file, variable))
    return frozenset(facts)


def _of_catalog(file: File, call: ast.Call, path: str, facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        if any(is_named(path, name) for name in fact.names):
            if conditions.hold(call, fact.when, file.semantics, file.catalog):
                yield from fact.facts


def _forbids_stealing(file: File, call: ast.Call) -> bool:
    return any(
        dask_config.steals(file, option, value) is False for option, value in dask_config.settings(file, call)
    )


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
