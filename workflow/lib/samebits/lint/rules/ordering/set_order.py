"""SB402: a set read in its order."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from samebits.lint.edits import wrapped
from samebits.lint.file import File
from samebits.lint.questions.set_reads import SetRead, is_single, makes_dict, severity
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors


def _check_read(file: File, read: SetRead) -> Iterator[Diagnostic]:
    if not makes_dict(read.consumer):
        yield Diagnostic(
            read.iterable,
            "the order of a set depends on string hashes, which differ between processes; use sorted()",
            severity(file),
            wrapped(file.source, read.iterable, "sorted(", ")", "sort the set"),
        )


def _check_pop(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report ``pop`` of a set that is not emptied in a loop, as work lists are."""
    if call.args or not isinstance(call.func, ast.Attribute):
        return
    holder = call.func.value
    if file.path(holder) == "set()" and not _drains(call) and not is_single(file, holder):
        yield Diagnostic(
            call,
            "pop() of a set takes an element that depends on string hashes; take min() or sort it",
            severity(file),
        )


def _drains(call: ast.Call) -> bool:
    return any(isinstance(outer, ast.While) for outer in ancestors(call))


RULE: Final = Rule(
    code="SB402",
    name="set-order",
    summary="a set read in its order",
    why="The order of text in a set depends on hashes that differ in every process.",
    bad="labels = list(set(names))",
    good="labels = sorted(set(names))",
    source="Python: PYTHONHASHSEED",
    listens=(
        On(Event.SET_READ, _check_read),
        On(Event.NAMED_CALL, _check_pop, names=("pop",)),
    ),
    words=("set", "frozenset", "Set"),
    pattern=re.compile(r"(?:\bin|[\w\])]\s*=|\()\s*\{[^{}:]*(?:,|\bfor\b)[^{}:]*\}"),
)
