"""SB204: a draw from a global generator that nothing seeds."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.catalog.matching import Match
from samebits.lint.file import File
from samebits.lint.questions.training import is_script
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import in_function


def _check(file: File, match: Match) -> Iterator[Diagnostic]:
    """Report a draw; in a library it is a note, since the script that uses it may seed."""
    library = not is_script(file) and in_function(match.call)
    return diagnosis.of_entry(file, match, "note" if library else None)


RULE: Final = Rule(
    code="SB204",
    name="unseeded-global",
    summary="a draw from a global generator that nothing seeds",
    why="The numbers differ in every run.",
    bad="order = np.random.permutation(n)",
    good="""
        rng = np.random.default_rng(0)
        order = rng.permutation(n)
    """,
    source="NumPy: NEP 19; Python: random",
    listens=(On(Event.ENTRY, _check),),
)
