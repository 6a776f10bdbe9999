"""SB002: a suppression that suppresses nothing."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.finding import Edit, Fix
from samebits.lint.reading import Source
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.suppression import Suppression


def _check(source: Source, suppression: Suppression) -> Iterator[Diagnostic]:
    if suppression.codes and suppression.reason and suppression.unused:
        codes = ", ".join(suppression.unused)
        message = f"nothing on this line is reported as {codes}; take the suppression away"
        yield Diagnostic(None, message, fix=_removal(source, suppression))


def _removal(source: Source, suppression: Suppression) -> Fix:
    """Return the fix that takes the unused codes away, and the comment if none is left."""
    line = source.code_lines[suppression.line - 1]
    begin = len(line[: suppression.column - 1].encode())
    end = len(line[: suppression.end - 1].encode())
    offset = source.offsets[suppression.line - 1]
    left = [code for code in suppression.codes if code not in suppression.unused]
    if left:
        text = f"# samebits: ignore[{', '.join(left)}] {suppression.reason}"
        return Fix("take the unused codes away", (Edit(offset + begin, offset + end, text),))
    while begin and line.encode()[begin - 1 : begin] in (b" ", b"\t"):
        begin -= 1
    return Fix("take the suppression away", (Edit(offset + begin, offset + end, ""),))


RULE: Final = Rule(
    code="SB002",
    name="unused-suppression",
    summary="a suppression that suppresses nothing",
    why="It hides the next finding on that line from everyone.",
    bad="x = 1  # samebits: ignore[SB401] sorted below",
    good="x = 1",
    source="samebits",
    listens=(On(Event.SUPPRESSION, _check),),
    words=("samebits",),
)
