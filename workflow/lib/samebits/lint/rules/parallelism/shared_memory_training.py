"""SB604: processes that update one model."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB604",
    name="shared-memory-training",
    summary="processes that update one model",
    severity="error",
    why="Updates land in the order in which processes come.",
    bad="model.share_memory()",
    good="model = DistributedDataParallel(model)",
    source="PyTorch multiprocessing: Hogwild",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
