"""SB203: a generator that takes its seed from the system."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB203",
    name="generator-without-seed",
    summary="a generator that takes its seed from the system",
    why="Seeding the global generators does not reach it.",
    bad="rng = np.random.default_rng()",
    good="rng = np.random.default_rng(0)",
    source="NumPy: default_rng",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
