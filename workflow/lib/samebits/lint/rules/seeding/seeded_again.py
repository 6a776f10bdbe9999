"""SB205: a constant seed that is set again and again."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.seeding import GLOBAL_SEEDERS, entropy, seed_of
from samebits.lint.questions.training import STEPS
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors, parent

_LOOP: Final = "in every turn of the loop"


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a constant seed that is set in every turn of a loop, every step, or for every sample."""
    if path not in GLOBAL_SEEDERS:
        return
    seed = seed_of(call, path)
    if seed is None or entropy(file, seed):
        return
    where = _where(file, call, seed)
    if where:
        yield Diagnostic(
            call,
            f"{path} is called {where}, so the same random numbers come again and again; seed once, before",
        )


def _where(file: File, call: ast.Call, seed: Any) -> str:
    """Say where the same seed is set again; empty if it is not, or another each time."""
    variables: set[str] = set()
    for outer in ancestors(call):
        if isinstance(outer, ast.For | ast.AsyncFor):
            variables |= _names(outer.target)
            if _names(seed) & variables or _changes_in(outer, seed):
                return ""
            if not any(call is each for each in ast.walk(outer.iter)):
                return _LOOP
        elif isinstance(outer, ast.While):
            return _LOOP if isinstance(seed, ast.Constant) else ""
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return f"in every call of {outer.name}" if _is_step(file, outer, seed) else ""
        elif isinstance(outer, ast.ClassDef | ast.Lambda):
            return ""
    return ""


def _names(node: Any) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _changes_in(loop: Any, seed: Any) -> bool:
    """Tell whether a seed is computed or drawn inside a loop, so that it differs from turn to turn."""
    for each in ast.walk(seed):
        if isinstance(each, ast.Call):
            return True
        if isinstance(each, ast.Name) and hasattr(each, "scope"):
            bounds = each.scope.bindings.get(each.id, ())
            if any(loop.lineno < bound.line <= loop.end_lineno for bound in bounds):
                return True
    text = _text(seed)
    return any(isinstance(each, ast.AugAssign) and _text(each.target) == text for each in ast.walk(loop))


def _text(node: ast.AST) -> str:
    return ast.dump(node).replace("Store", "Load")


def _is_step(file: File, function: Any, seed: Any) -> bool:
    """Tell whether a function is called for every batch or sample, and its seed is the same each time."""
    if function.name not in STEPS or (function.name == "call" and "keras" not in file.frameworks):
        return False
    given = function.args
    parameters = {each.arg for each in (*given.args, *given.kwonlyargs)} - {"self"}
    names = _names(seed)
    if names & parameters or not isinstance(parent(function), ast.ClassDef):
        return False
    return not (names - {"self"} and not file.semantics.values(seed))


RULE: Final = Rule(
    code="SB205",
    name="seeded-again",
    summary="a constant seed that is set again and again",
    why="Every turn gets the same numbers: dropout drops the same units, augmentation does the same.",
    bad="""
        for epoch in range(9):
            torch.manual_seed(0)
            train()
    """,
    good="""
        torch.manual_seed(0)
        for epoch in range(9):
            train()
    """,
    source="PyTorch notes on reproducibility",
    listens=(On(Event.CALL, _check, names=GLOBAL_SEEDERS),),
)
