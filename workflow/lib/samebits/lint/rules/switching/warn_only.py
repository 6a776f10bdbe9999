"""SB303: deterministic algorithms that only warn."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB303",
    name="warn-only",
    summary="deterministic algorithms that only warn",
    why="Operators that vary go on, and attention chooses its varying backward.",
    bad="torch.use_deterministic_algorithms(True, warn_only=True)",
    good="torch.use_deterministic_algorithms(True)",
    source="torch.use_deterministic_algorithms",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
