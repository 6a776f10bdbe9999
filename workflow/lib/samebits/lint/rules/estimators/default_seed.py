"""SB702: boosted trees on a default seed."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB702",
    name="default-seed",
    summary="boosted trees on a default seed",
    severity="note",
    why="The default is fixed, but another version may choose another.",
    bad="xgb.XGBClassifier()",
    good="xgb.XGBClassifier(random_state=0)",
    source="XGBoost, LightGBM, CatBoost: seed",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
