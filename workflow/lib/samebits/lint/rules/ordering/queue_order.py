"""SB407: results gathered from a queue between processes."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB407",
    name="queue-order",
    summary="results gathered from a queue between processes",
    why="The order depends on how fast each process was.",
    bad="rows = [queue.get() for _ in range(n)]",
    good="rows = sorted(queue.get() for _ in range(n))  # (index, row)",
    source="Python: multiprocessing.Queue",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
    words=("Queue",),
)
