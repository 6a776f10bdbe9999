"""SB206: one seed for all workers."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.seeding import GLOBAL_SEEDERS
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.scopes import How
from samebits.lint.semantics.syntax import argument


def _check(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report a ``worker_init_fn`` that gives every worker the same seed."""
    for statement in _body(file, argument(call, "worker_init_fn")):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Call) and hasattr(inner, "scope") and _seeds_with_constant(file, inner):
                yield Diagnostic(
                    inner,
                    "every worker gets the same seed, so workers repeat each other's random numbers; "
                    "derive it from torch.initial_seed() or the worker's id",
                )


def _body(file: File, function: Any) -> list[Any]:
    """Return what a function of this file, or a lambda, does."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    if isinstance(function, ast.Name):
        bound = file.semantics.binding(function)
        if bound is not None and bound.how is How.FUNCTION:
            body: list[Any] = bound.node.body
            return body
    return []


def _seeds_with_constant(file: File, call: ast.Call) -> bool:
    constant = bool(call.args) and isinstance(call.args[0], ast.Constant)
    return constant and file.path(call.func) in GLOBAL_SEEDERS


RULE: Final = Rule(
    code="SB206",
    name="same-seed-in-workers",
    summary="one seed for all workers",
    why="Workers repeat each other's random numbers.",
    bad="""
        def init(worker):
            np.random.seed(0)
        DataLoader(data, num_workers=4, worker_init_fn=init)
    """,
    good="""
        def init(worker):
            np.random.seed(torch.initial_seed() % 2**32)
        DataLoader(data, num_workers=4, worker_init_fn=init)
    """,
    source="PyTorch notes on reproducibility: DataLoader",
    listens=(On(Event.NAMED_CALL, _check, names=("DataLoader",)),),
)
