"""SB106: a scatter that XLA adds in no fixed order on GPUs."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB106",
    name="xla-scatter",
    summary="a scatter that XLA adds in no fixed order on GPUs",
    severity="error",
    why="Where indices repeat, atomics decide the order of the sum.",
    bad="y = x.at[i].add(v)",
    good="""
        os.environ['XLA_FLAGS'] = '--xla_gpu_deterministic_ops=true'  # before jax is imported
        y = x.at[i].add(v)
    """,
    source="XLA: xla_gpu_deterministic_ops",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
