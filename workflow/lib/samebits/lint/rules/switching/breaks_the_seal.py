"""SB309: a recipe that sets what samebits decides."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB309",
    name="breaks-the-seal",
    summary="a recipe that sets what samebits decides",
    why="Seeds are derived for every step, and threads are part of the spec; a recipe that sets them "
    "works against it.",
    bad="""
        def training_step(self, batch, index):
            torch.set_num_threads(2)
    """,
    good="threads: 2   # in the config",
    source="samebits: docs/determinism.md",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
