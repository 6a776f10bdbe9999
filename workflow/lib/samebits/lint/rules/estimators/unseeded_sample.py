"""SB703: rows drawn or split without a seed."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB703",
    name="unseeded-sample",
    summary="rows drawn or split without a seed",
    why="Every run draws other rows.",
    bad="df.sample(frac=0.1)",
    good="df.sample(frac=0.1, random_state=0)",
    source="pandas: DataFrame.sample",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
