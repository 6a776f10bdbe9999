"""SB101: a PyTorch operator that has no deterministic implementation."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB101",
    name="torch-raises",
    summary="a PyTorch operator that has no deterministic implementation",
    severity="error",
    why="Under torch.use_deterministic_algorithms(True) it raises a RuntimeError in the middle of "
    "training; without, its result differs from run to run.",
    bad="torch.histc(x.cuda(), bins=10)",
    good="torch.bincount(torch.bucketize(x, edges), minlength=11)",
    source="docstring of torch.use_deterministic_algorithms; operators that only the binary knows are "
    "marked so in catalog/torch.toml",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
