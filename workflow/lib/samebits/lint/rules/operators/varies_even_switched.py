"""SB105: an operator that varies whatever is switched on."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB105",
    name="varies-even-switched",
    summary="an operator that varies whatever is switched on",
    severity="error",
    why="Measured: it gives several results in one program with op determinism on.",
    bad="tf.math.bincount(x, weights=w)",
    good="tf.math.unsorted_segment_sum(w, x, num_segments=n)",
    source="measured: 14 results in 30 runs at 4 threads",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
