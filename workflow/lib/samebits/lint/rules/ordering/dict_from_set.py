"""SB403: a dict built from a set."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.edits import wrapped
from samebits.lint.file import File
from samebits.lint.questions import set_reads
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check_loop(file: File, loop: Any) -> Iterator[Diagnostic]:
    """Report a dict comprehension over a set."""
    return _report(file, loop.iter, loop)


def _check_call(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report a call that hands a set on to a dict."""
    for given in call.args:
        yield from _report(file, given, call)


def _report(file: File, iterable: Any, consumer: Any) -> Iterator[Diagnostic]:
    if set_reads.makes_dict(consumer) and set_reads.is_read_in_order(file, iterable, consumer):
        # where items are not numbered, only the order of the keys is open
        yield Diagnostic(
            iterable,
            "a dict built from a set has an order that depends on string hashes, "
            "which differ between processes; use sorted()",
            set_reads.severity(file) if set_reads.numbers_items(consumer) else "note",
            wrapped(file.source, iterable, "sorted(", ")", "sort the set"),
        )


RULE: Final = Rule(
    code="SB403",
    name="dict-from-set",
    summary="a dict built from a set",
    why="Its order, and indices counted along, differ in every process.",
    bad="index = {w: i for i, w in enumerate(set(words))}",
    good="index = {w: i for i, w in enumerate(sorted(set(words)))}",
    source="Python: PYTHONHASHSEED",
    listens=(
        On(Event.LOOP, _check_loop),
        On(Event.NAMED_CALL, _check_call, names=set_reads.CONSUMERS),
    ),
)
