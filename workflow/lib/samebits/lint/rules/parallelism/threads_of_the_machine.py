"""SB601: a thread count that the machine decides."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB601",
    name="threads-of-the-machine",
    summary="a thread count that the machine decides",
    why="Sums are ordered by it: another count is another result.",
    bad="torch.set_num_threads(os.cpu_count())",
    good="torch.set_num_threads(4)",
    source="measured (docs/determinism.md)",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
