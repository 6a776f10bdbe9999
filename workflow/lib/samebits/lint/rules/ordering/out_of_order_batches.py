"""SB404: batches as workers finish them."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB404",
    name="out-of-order-batches",
    summary="batches as workers finish them",
    severity="error",
    why="The order of batches depends on which worker is faster.",
    bad="DataLoader(data, num_workers=4, in_order=False)",
    good="DataLoader(data, num_workers=4)",
    source="torch.utils.data.DataLoader",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
