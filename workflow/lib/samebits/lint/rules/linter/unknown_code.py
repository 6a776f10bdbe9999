"""SB004: a suppression that names no rule."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.reading import Source
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.suppression import Suppression


def _check(source: Source, suppression: Suppression) -> Iterator[Diagnostic]:
    if not suppression.codes:
        yield Diagnostic(None, "a suppression names its codes: # samebits: ignore[SB102] reason")
    for code in suppression.unknown:
        yield Diagnostic(None, f"{code} is no rule of samebits; see samebits lint --rules")


RULE: Final = Rule(
    code="SB004",
    name="unknown-code",
    summary="a suppression that names no rule",
    why="It suppresses nothing.",
    bad="x = torch.histc(y)  # samebits: ignore[SB999] only plotted",
    good="x = torch.histc(y)  # samebits: ignore[SB101] only plotted",
    source="samebits",
    listens=(On(Event.SUPPRESSION, _check),),
    words=("samebits",),
)
