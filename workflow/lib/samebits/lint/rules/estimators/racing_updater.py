"""SB704: an updater of XGBoost that races."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB704",
    name="racing-updater",
    summary="an updater of XGBoost that races",
    severity="error",
    why="shotgun updates coordinates from several threads at once.",
    bad="xgb.train({'booster': 'gblinear'}, data)",
    good="xgb.train({'booster': 'gblinear', 'updater': 'coord_descent'}, data)",
    source="XGBoost: parameters for linear booster",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
