"""Finished runs as they lie in their folders, every file held against the ledger before it is believed."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samebits.sealed import checkpoint, ledger
from samebits.sealed.digest import file_digest, state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Record

#: the records that follow the last checkpoint
CONCLUSION = ("model", "predictions", "metrics")


@dataclass(frozen=True)
class Run:
    """A finished run, or the replay of one of its segments.

    Attributes:
        folder: where it lies.
        name: how it is called in a verdict, such as ``run-1``.
        records: of its ledger.
        head: digest of its ledger.
        fingerprint: of the process that it was.
        ends: the steps at which the segments of the whole run end.
        whole: ``records`` are all that its ledger has.
    """

    folder: Path
    name: str
    records: list[Record]
    head: str
    fingerprint: dict[str, Any]
    ends: tuple[int, ...]
    whole: bool = True

    def of(self, kind: str) -> list[Record]:
        """Return the records of one kind, in order."""
        return [record for record in self.records if record["kind"] == kind]

    def segment(self, step: int) -> int:
        """Return the number of the segment that a step belongs to; the first for step 0."""
        return 1 + sum(1 for end in self.ends[:-1] if step > end)

    def excerpt(self, segment: int, start: bool, conclude: bool) -> "Run":
        """Return the records that a replay of a segment, with the ends of the run or without, should give."""
        places = [place for place, record in enumerate(self.records) if record["kind"] == "checkpoint"]
        kept = [self.records[0]]
        kept += [self.records[places[0]]] if start and segment > 1 else []
        kept += self.records[places[segment - 1] : places[segment] + 1]
        kept += [record for record in self.records if record["kind"] in CONCLUSION] if conclude else []
        return replace(self, records=[*kept, self.records[-1]], whole=False)


def read(folder: Path) -> Run:
    """Read a finished run and check every file that its ledger names.

    Raises:
        Refused: the ledger is broken, or a file is missing or changed; names it.
    """
    run = _read(folder, folder.name)
    for record in run.of("checkpoint"):
        checkpoint.load(folder / "checkpoints" / checkpoint.file_name(record["step"]), record["state"])
    _check_conclusion(run)
    return run


def read_replay(folder: Path, segment: int, conclude: bool) -> Run:
    """Read the replay of a segment. Of its states only those that differ from the run's lie in its folder.

    Raises:
        Refused: as ``read`` does.
    """
    run = _read(folder, f"the replay of segment {segment}")
    for record in run.of("checkpoint"):
        path = folder / "checkpoints" / checkpoint.file_name(record["step"])
        if path.exists():
            checkpoint.load(path, record["state"])
    if conclude:
        _check_conclusion(run)
    return run


def _read(folder: Path, name: str) -> Run:
    path = folder / ledger.FINISHED
    records = ledger.read(path)
    try:
        taken = json.loads((folder / "fingerprint.json").read_bytes())
    except (OSError, ValueError):
        raise Refused(f"{folder / 'fingerprint.json'} is missing or broken; train the run again") from None
    ends = tuple(record["step"] for record in records if record["kind"] == "checkpoint")[1:]
    return Run(folder, name, records, ledger.head(path), taken, ends)


def _check_conclusion(run: Run) -> None:
    for name, digest in run.of("model")[0]["files"].items():
        path = run.folder / "model" / name
        if not path.is_file() or file_digest(path) != digest:
            raise Refused(f"{path} is missing or not what the ledger recorded; train the run again")
    predictions = state_digest(ledger.table(run.of("predictions")[0]))
    checkpoint.load(run.folder / "predictions.safetensors", predictions)
