"""SB605: loops that Numba splits by threads."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB605",
    name="parallel-sums",
    summary="loops that Numba splits by threads",
    why="Sums are ordered by the thread count.",
    bad="""
        @njit(parallel=True)
        def f(x):
            return x.sum()
    """,
    good="""
        @njit
        def f(x):
            return x.sum()
    """,
    source="Numba: parallel reductions",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
