"""SB705: boosted trees on a GPU that add in no fixed order."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB705",
    name="boosting-on-gpu",
    summary="boosted trees on a GPU that add in no fixed order",
    severity="error",
    why="Single-precision histograms are added atomically.",
    bad="lgb.LGBMClassifier(device='gpu')",
    good="lgb.LGBMClassifier(device='gpu', gpu_use_dp=True, deterministic=True, force_row_wise=True)",
    source="LightGBM: gpu_use_dp; CatBoost: FAQ",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
