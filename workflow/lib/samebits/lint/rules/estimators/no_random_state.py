"""SB701: a scikit-learn estimator or splitter without random_state."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.catalog.matching import Match
from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors


def _check(file: File, match: Match) -> Iterator[Diagnostic]:
    """Report an estimator, except one for ``super().method(...)``: ensembles seed their own."""
    if not any(_is_call_of_super(outer) for outer in ancestors(match.node)):
        yield from diagnosis.of_entry(file, match)


def _is_call_of_super(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    base = node.func.value
    return isinstance(base, ast.Call) and getattr(base.func, "id", "") == "super"


RULE: Final = Rule(
    code="SB701",
    name="no-random-state",
    summary="a scikit-learn estimator or splitter without random_state",
    why="It draws from NumPy's global generator.",
    bad="RandomForestClassifier()",
    good="RandomForestClassifier(random_state=0)",
    source="scikit-learn: controlling randomness",
    listens=(On(Event.ENTRY, _check),),
)
