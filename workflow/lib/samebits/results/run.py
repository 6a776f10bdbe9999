"""A finished run, read in one way for all who ask: cheap to open, and every file checked on demand."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from samebits.results import timing
from samebits.results.timing import Timing
from samebits.sealed import checkpoint, ledger
from samebits.sealed.digest import TensorRow, bytes_digest, canonical_json, file_digest, state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.fingerprint import FILE as FINGERPRINT
from samebits.sealed.ledger import Begin, Checkpoint, Metrics, Model, Predictions, Record, Step
from samebits.sealed.spec import Spec

#: the predictions' file in a run's folder
PREDICTIONS = "predictions.safetensors"

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run, or the replay of one of its segments.

    Attributes:
        folder: where it lies.
        name: how it is called in a verdict, such as ``run-1``.
        records: of its ledger, or an excerpt of them.
        head: digest of its ledger.
        fingerprint: of the process that it was.
        ends: the steps at which the segments of the whole run end.
        whole: ``records`` are all that its ledger has.
    """

    folder: Path
    name: str
    records: tuple[Record, ...]
    head: str
    fingerprint: dict[str, Any]
    ends: tuple[int, ...]
    whole: bool = True

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Open a run; of its files only the ledger and the fingerprint are read.

        Raises:
            Refused: one of them is missing or broken, or the ledger is not that of a whole run.
        """
        run = cls._open(folder, folder.name)
        for kind in (Step, Model, Predictions, Metrics):
            if not run._of(kind):
                raise Refused(
                    f"{folder / ledger.FINISHED} records no {kind.__name__.lower()}; train it again"
                )
        return run

    @classmethod
    def open_replay(cls, folder: Path, segment: int) -> "Run":
        """Open the replay of a segment; raises Refused as ``open`` does."""
        return cls._open(folder, f"the replay of segment {segment}")

    @classmethod
    def _open(cls, folder: Path, name: str) -> "Run":
        path = folder / ledger.FINISHED
        records = ledger.read(path)
        if not isinstance(records[0], Begin) or not any(isinstance(r, Checkpoint) for r in records):
            raise Refused(f"{path} records no training; train the run again")
        Spec.parse(canonical_json(records[0].spec), str(path))
        try:
            fingerprint = json.loads((folder / FINGERPRINT).read_bytes())
            if not isinstance(fingerprint, dict):
                raise ValueError("no object")
            canonical_json(fingerprint)  # refuses NaN and infinity, which no digest could name
        except (OSError, ValueError, RecursionError):
            raise Refused(f"{folder / FINGERPRINT} is missing or broken; train the run again") from None
        ends = tuple(r.step for r in records if isinstance(r, Checkpoint))[1:]
        return cls(
            folder=folder,
            name=name,
            records=tuple(records),
            head=ledger.head(path),
            fingerprint=fingerprint,
            ends=ends,
        )

    @property
    def spec(self) -> dict[str, Any]:
        """What was trained, as in spec.json."""
        return self._of(Begin)[0].spec

    @property
    def steps(self) -> list[Step]:
        """The steps, in order."""
        return self._of(Step)

    @property
    def losses(self) -> dict[int, str]:
        """The loss of each step, in hex; NaN where a framework has none."""
        return {record.step: record.loss for record in self.steps}

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The states at which segments begin and end, in order."""
        return self._of(Checkpoint)

    @property
    def model(self) -> dict[str, str]:
        """The model's files: path below ``model/`` -> ``sha256:…``."""
        return self._of(Model)[0].files

    @property
    def predictions(self) -> list[TensorRow]:
        """The predictions on the test data, by type, shape and digest."""
        return self._of(Predictions)[0].tensors

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """The metrics by name, their values in hex; none in a replay without the run's end."""
        return [pair for record in self._of(Metrics) for pair in record.values]

    @property
    def fingerprint_digest(self) -> str:
        """``sha256:…`` of the fingerprint as canonical JSON."""
        return bytes_digest(canonical_json(self.fingerprint))

    @cached_property
    def timing(self) -> Timing:
        """When steps were taken and what they cost."""
        return timing.read(self.folder / "timing.jsonl")

    def _of(self, kind: type[Kind]) -> list[Kind]:
        return [record for record in self.records if isinstance(record, kind)]

    def segment(self, step: int) -> int:
        """Return the number of the segment that a step belongs to; the first for step 0."""
        return 1 + sum(1 for end in self.ends[:-1] if step > end)

    def excerpt(self, segment: int, start: bool, conclude: bool) -> "Run":
        """Return the records that a replay of a segment, with the ends of the run or without, should give."""
        places = [place for place, record in enumerate(self.records) if isinstance(record, Checkpoint)]
        kept = [self.records[0]]
        kept += [self.records[places[0]]] if start and segment > 1 else []
        kept += self.records[places[segment - 1] : places[segment] + 1]
        kept += [r for r in self.records if isinstance(r, Model | Predictions | Metrics)] if conclude else []
        return replace(self, records=(*kept, self.records[-1]), whole=False)

    def check(self) -> "Run":
        """Hold every file that the ledger names against it; return this run.

        Raises:
            Refused: a file is missing or changed; names it.
        """
        self._check_states(self.checkpoints)
        self._check_conclusion()
        return self

    def check_replay(self, conclude: bool) -> "Run":
        """Check a replay, which keeps of its states those that differ; raises as ``check`` does."""
        self._check_states(record for record in self.checkpoints if self.checkpoint(record.step).exists())
        if conclude:
            self._check_conclusion()
        return self

    def checkpoint(self, step: int) -> Path:
        """Return where the state after a step lies."""
        return self.folder / "checkpoints" / checkpoint.file_name(step)

    def _check_states(self, records: Iterable[Checkpoint]) -> None:
        for record in records:
            checkpoint.load(self.checkpoint(record.step), record.state)

    def _check_conclusion(self) -> None:
        if not self._of(Model) or not self._of(Predictions):
            raise Refused(f"{self.folder / ledger.FINISHED} records no model; train the run again")
        for name, digest in self.model.items():
            path = self.folder / "model" / name
            if not path.is_file() or file_digest(path) != digest:
                raise Refused(f"{path} is missing or not what the ledger recorded; train the run again")
        predictions = state_digest(self.predictions)
        checkpoint.load(self.folder / PREDICTIONS, predictions)
