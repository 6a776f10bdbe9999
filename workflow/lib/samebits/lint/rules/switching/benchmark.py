"""SB304: algorithms chosen by timing them."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB304",
    name="benchmark",
    summary="algorithms chosen by timing them",
    why="Another run may choose another algorithm, which rounds otherwise.",
    bad="torch.backends.cudnn.benchmark = True",
    good="torch.backends.cudnn.benchmark = False",
    source="PyTorch notes on reproducibility",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.SETTING, diagnosis.of_setting),
    ),
    words=("cudnn",),
)
