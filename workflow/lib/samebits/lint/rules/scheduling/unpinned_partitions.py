"""SB801: distributed boosting on partitions that may lie anywhere."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB801",
    name="unpinned-partitions",
    summary="distributed boosting on partitions that may lie anywhere",
    severity="error",
    why="Measured: 5 different models in 5 runs.",
    bad="xgb.dask.train(client, params, dtrain)",
    good="""
        parts = [client.submit(load, i, workers=[w], allow_other_workers=False) for i, w in plan]
        xgb.dask.train(client, params, dtrain)
    """,
    source="measured",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
    words=("distributed",),
)
