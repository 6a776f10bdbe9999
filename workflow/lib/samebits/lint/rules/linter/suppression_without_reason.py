"""SB003: a suppression without a reason."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.reading import Source
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.suppression import Suppression


def _check(source: Source, suppression: Suppression) -> Iterator[Diagnostic]:
    if suppression.codes and not suppression.reason:
        yield Diagnostic(None, "a suppression needs a reason after the bracket, and does nothing without one")


RULE: Final = Rule(
    code="SB003",
    name="suppression-without-reason",
    summary="a suppression without a reason",
    why="A reader cannot tell whether the reason still holds. It suppresses nothing until it has one.",
    bad="""
        for name in os.listdir(d):  # samebits: ignore[SB401]
            use(name)
    """,
    good="""
        for name in os.listdir(d):  # samebits: ignore[SB401] use() counts, order does not matter
            use(name)
    """,
    source="samebits",
    listens=(On(Event.SUPPRESSION, _check),),
    words=("samebits",),
)
