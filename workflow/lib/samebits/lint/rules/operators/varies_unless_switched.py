"""SB102: an operator that is deterministic only once the switch is on."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB102",
    name="varies-unless-switched",
    summary="an operator that is deterministic only once the switch is on",
    why="It has a deterministic and a faster implementation, and the faster one is the default: sums "
    "are added in the order in which threads arrive.",
    bad="out.index_add_(0, index, values)",
    good="""
        torch.use_deterministic_algorithms(True)
        out.index_add_(0, index, values)
    """,
    source="docstring of torch.use_deterministic_algorithms",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
