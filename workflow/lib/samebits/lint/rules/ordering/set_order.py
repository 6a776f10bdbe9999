"""SB402: a set read in its order."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.edits import wrapped
from samebits.lint.file import File
from samebits.lint.questions import set_reads
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors


def _check_loop(file: File, loop: Any) -> Iterator[Diagnostic]:
    """Report a loop or comprehension over a set."""
    return _report(file, loop.iter, loop)


def _check_call(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report a call that reads a set in its order."""
    for given in call.args:
        yield from _report(file, given, call)


def _report(file: File, iterable: Any, consumer: Any) -> Iterator[Diagnostic]:
    if set_reads.is_read_in_order(file, iterable, consumer) and not set_reads.makes_dict(consumer):
        yield Diagnostic(
            iterable,
            "the order of a set depends on string hashes, which differ between processes; use sorted()",
            set_reads.severity(file),
            wrapped(file.source, iterable, "sorted(", ")", "sort the set"),
        )


def _check_pop(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report ``pop`` of a set that is not emptied in a loop, as work lists are."""
    if call.args or not isinstance(call.func, ast.Attribute):
        return
    holder = call.func.value
    if file.path(holder) == "set()" and not _drains(call) and not set_reads.is_single(file, holder):
        yield Diagnostic(
            call,
            "pop() of a set takes an element that depends on string hashes; take min() or sort it",
            set_reads.severity(file),
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
        On(Event.LOOP, _check_loop),
        On(Event.NAMED_CALL, _check_call, names=set_reads.CONSUMERS),
        On(Event.NAMED_CALL, _check_pop, names=("pop",)),
    ),
    words=("set", "frozenset", "Set"),
    pattern=re.compile(r"(?:\bin|[\w\])]\s*=|\()\s*\{[^{}:]*(?:,|\bfor\b)[^{}:]*\}"),
)
