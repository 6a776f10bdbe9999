"""SB207: NumPy's global generator, seeded or not."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB207",
    name="legacy-numpy",
    summary="NumPy's global generator, seeded or not",
    severity="note",
    default=False,
    why="Every library may draw from it, so an update elsewhere changes your numbers. Off unless selected.",
    bad="""
        np.random.seed(0)
        x = np.random.rand(3)
    """,
    good="""
        rng = np.random.default_rng(0)
        x = rng.random(3)
    """,
    source="NumPy: NEP 19",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
