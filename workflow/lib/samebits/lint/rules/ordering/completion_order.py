"""SB406: results in the order in which they finish."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB406",
    name="completion-order",
    summary="results in the order in which they finish",
    why="The order depends on how fast each was.",
    bad="""
        for future in as_completed(futures):
            rows.append(future.result())
    """,
    good="""
        for future in futures:
            rows.append(future.result())
    """,
    source="Python: concurrent.futures",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
