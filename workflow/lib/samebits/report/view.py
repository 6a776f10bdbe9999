"""What the page shows of a model, gathered from its folder of results."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samebits.proof import verdict
from samebits.sealed import ledger
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Record


@dataclass(frozen=True)
class Run:
    """A run: its name, its ledger, and what lies beside it."""

    name: str
    head: str
    records: list[Record]
    fingerprint: dict[str, Any]
    timing: list[dict[str, Any]]

    def of(self, kind: str) -> list[Record]:
        """Return the records of one kind, in order."""
        return [record for record in self.records if record["kind"] == kind]

    @property
    def losses(self) -> dict[int, str]:
        """The loss of each step, in hex."""
        return {record["step"]: record["loss"] for record in self.of("step")}

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """The metrics by name, their values in hex."""
        return [(name, value) for record in self.of("metrics") for name, value in record["values"]]

    @property
    def speed(self) -> float | None:
        """Steps a second of training; None where the run was too short to tell."""
        seconds = sum(segment["train_seconds"] for segment in self.timing)
        steps = sum(segment["to"] - segment["from"] for segment in self.timing)
        return steps / seconds if seconds else None

    def seconds(self, what: str) -> float:
        """Sum up what its segments took to ``train``, ``save`` or ``restore``."""
        return float(sum(segment[f"{what}_seconds"] for segment in self.timing))


@dataclass(frozen=True)
class Model:
    """A model: its verdict and its runs, the first of which the others, or replays, are compared with."""

    name: str
    verdict: dict[str, Any]
    runs: list[Run]
    replays: list[Run]

    @property
    def identical(self) -> bool:
        """Whether the verdict is identical."""
        return bool(self.verdict["verdict"] == "identical")

    @property
    def spec(self) -> dict[str, Any]:
        """The spec of the first run."""
        spec: dict[str, Any] = self.runs[0].records[0]["spec"]
        return spec

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
        steps = [d["step"] for d in self.verdict["differences"] if d["step"] is not None]
        return min(steps, default=None)


def gather(results: Path, models: Sequence[str]) -> list[Model]:
    """Read what the page shows of the models.

    Raises:
        Refused: a verdict, ledger or fingerprint is missing or broken; names it.
    """
    return [_model(results / name, name) for name in models]


def _model(folder: Path, name: str) -> Model:
    found = verdict.read(folder / "verdict.json")
    runs = [_run(folder / run["run"]) for run in found["runs"]]
    replays = [_run(folder / "replay" / f"segment-{r['segment']}") for r in found.get("replays", ())]
    return Model(name, found, runs, replays)


def _run(folder: Path) -> Run:
    records = ledger.read(folder / ledger.FINISHED)
    try:
        fingerprint = json.loads((folder / "fingerprint.json").read_bytes())
    except (OSError, ValueError):
        raise Refused(f"{folder / 'fingerprint.json'} is missing or broken; train the run again") from None
    head = ledger.head(folder / ledger.FINISHED)
    return Run(folder.name, head, records, fingerprint, _timing(folder / "timing.jsonl"))


def _timing(path: Path) -> list[dict[str, Any]]:
    """Read what segments took. It is no evidence, so a line that a kill cut short is left out."""
    found = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found
