"""SB109: an operator for which the library chooses an algorithm that may vary."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB109",
    name="library-chooses",
    summary="an operator for which the library chooses an algorithm that may vary",
    default=False,
    why="Convolutions choose among cuDNN's algorithms, some of which add atomically. Off unless "
    "selected: nearly every network has them, and SB301 reports training without the switch once.",
    bad="conv = nn.Conv2d(3, 8, 3)",
    good="""
        torch.use_deterministic_algorithms(True)
        conv = nn.Conv2d(3, 8, 3)
    """,
    source="docstring of torch.use_deterministic_algorithms; TensorFlow kernels (Svd)",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
