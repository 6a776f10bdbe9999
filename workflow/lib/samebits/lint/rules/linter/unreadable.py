"""SB001: the file cannot be analysed."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.reading import Unreadable
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check(error: Unreadable) -> Iterator[Diagnostic]:
    yield Diagnostic(None, str(error))


RULE: Final = Rule(
    code="SB001",
    name="unreadable",
    summary="the file cannot be analysed",
    severity="error",
    why="A file that is not Python, is in an encoding other than it declares, or is nested beyond "
    "measure was not checked; what it does is unknown.",
    bad="""
        def f(:
            pass
    """,
    good="""
        def f():
            pass
    """,
    source="Python: language reference",
    listens=(On(Event.UNREADABLE, _check),),
)
