"""SB706: LightGBM chooses by timing how it counts."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB706",
    name="timed-histograms",
    summary="LightGBM chooses by timing how it counts",
    why="Another choice adds in another order.",
    bad="lgb.LGBMClassifier(random_state=0)",
    good="lgb.LGBMClassifier(random_state=0, deterministic=True, force_row_wise=True)",
    source="LightGBM: deterministic",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
