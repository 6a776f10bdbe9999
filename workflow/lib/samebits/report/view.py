"""What the page shows of a model, gathered from its folder of results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samebits.proof import verdict
from samebits.proof.verdict import Verdict
from samebits.results.run import Run


@dataclass(frozen=True)
class Model:
    """A model: its verdict and its runs, the first of which the others, or replays, are compared with."""

    name: str
    verdict: Verdict
    runs: list[Run]
    replays: list[Run]

    @property
    def identical(self) -> bool:
        """Whether the verdict is identical."""
        return self.verdict.identical

    @property
    def spec(self) -> dict[str, Any]:
        """The spec of the first run."""
        return self.runs[0].spec

    @property
    def curves(self) -> list[tuple[str, dict[int, str]]]:
        """The losses of each run by its name, and those of all replays together."""
        curves = [(run.name, run.losses) for run in self.runs]
        if self.replays:
            curves.append(("replays", {k: v for replay in self.replays for k, v in replay.losses.items()}))
        return curves

    @property
    def first_difference(self) -> int | None:
        """The first step at which a run parts from the first one."""
        steps = [each.step for each in self.verdict.differences if each.step is not None]
        return min(steps, default=None)


def gather(results: Path, models: Sequence[str]) -> list[Model]:
    """Read what the page shows of the models.

    Raises:
        Refused: a verdict, ledger or fingerprint is missing or broken; names it.
    """
    return [_model(results / name, name) for name in models]


def _model(folder: Path, name: str) -> Model:
    judged = verdict.read(folder / verdict.FILE)
    runs = [Run.open(folder / str(each.run)) for each in judged.runs]
    segments = [each.segment for each in judged.replays if each.segment is not None]
    replays = [Run.open_replay(folder / "replay" / f"segment-{number}", number) for number in segments]
    return Model(name, judged, runs, replays)
