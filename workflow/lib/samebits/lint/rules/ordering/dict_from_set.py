"""SB403: a dict built from a set."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.edits import wrapped
from samebits.lint.file import File
from samebits.lint.questions.set_reads import SetRead, makes_dict, numbers_items, severity
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check(file: File, read: SetRead) -> Iterator[Diagnostic]:
    if makes_dict(read.consumer):
        # where items are not numbered, only the order of the keys is open
        yield Diagnostic(
            read.iterable,
            "a dict built from a set has an order that depends on string hashes, "
            "which differ between processes; use sorted()",
            severity(file) if numbers_items(read.consumer) else "note",
            wrapped(file.source, read.iterable, "sorted(", ")", "sort the set"),
        )


RULE: Final = Rule(
    code="SB403",
    name="dict-from-set",
    summary="a dict built from a set",
    why="Its order, and indices counted along, differ in every process.",
    bad="index = {w: i for i, w in enumerate(set(words))}",
    good="index = {w: i for i, w in enumerate(sorted(set(words)))}",
    source="Python: PYTHONHASHSEED",
    listens=(On(Event.SET_READ, _check),),
)
