"""SB307: an option that is set after the object has read it."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog.matching import Assigned
from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check(file: File, assigned: Assigned) -> Iterator[Diagnostic]:
    option = assigned.target.attr
    if assigned.path.endswith(("Trainer().deterministic", "Trainer().benchmark")):
        yield Diagnostic(
            assigned.node,
            f"{option} is read when the Trainer is made not later; pass it to Trainer(...)",
            "error" if option == "deterministic" else None,
        )


RULE: Final = Rule(
    code="SB307",
    name="set-after-construction",
    summary="an option that is set after the object has read it",
    why="Lightning's Trainer switches when it is made.",
    bad="""
        trainer = Trainer()
        trainer.deterministic = True
    """,
    good="trainer = Trainer(deterministic=True)",
    source="mlf-core's templates; Lightning: Trainer",
    listens=(On(Event.ATTRIBUTE, _check, names=("deterministic", "benchmark")),),
    words=("Trainer",),
)
