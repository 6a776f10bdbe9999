"""SB409: polars operations that keep no order."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB409",
    name="polars-order",
    summary="polars operations that keep no order",
    why="Groups and unique rows come in the order in which threads finish.",
    bad="df.group_by('k').agg(pl.col('x').sum())",
    good="df.group_by('k', maintain_order=True).agg(pl.col('x').sum())",
    source="polars: group_by, unique",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
