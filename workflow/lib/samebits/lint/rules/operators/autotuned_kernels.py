"""SB107: compilation that picks kernels by timing them."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB107",
    name="autotuned-kernels",
    summary="compilation that picks kernels by timing them",
    why="Two runs may pick other kernels, which round otherwise.",
    bad="model = torch.compile(model, mode='max-autotune')",
    good="model = torch.compile(model)",
    source="torch.compile; torch.use_deterministic_algorithms (Inductor)",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.SETTING, diagnosis.of_setting),
    ),
)
