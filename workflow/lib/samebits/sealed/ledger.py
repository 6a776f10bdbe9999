"""The ledger: the append-only record of a run, each line chained to the one before.

A line is canonical JSON with the key ``prev``: the SHA-256 of the line before it (docs/formats/ledger.md).
Nothing in it tells when, where or on what machine a run took place, so two runs of one spec that computed the
same bits have the same ledger, byte for byte, and ``cmp`` proves a rerun.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from samebits.sealed import files, typed
from samebits.sealed.digest import TensorRow, bytes_digest, canonical_json, state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec

FORMAT = "samebits-ledger/1"

#: the name of a finished ledger, and of one that a run is still writing
FINISHED = "ledger.jsonl"
UNFINISHED = "ledger.part.jsonl"


@dataclass(frozen=True, slots=True)
class _Record:
    """A line; ``prev`` is the digest of the line before, and None in the first one."""

    prev: str | None

    @property
    def content(self) -> bytes:
        """The line without ``prev``, as canonical JSON.

        Records are compared by this: to Python 1, 1.0 and True are equal, and so are 0.0 and -0.0.
        """
        return canonical_json({each.name: getattr(self, each.name) for each in fields(self)} | {"prev": None})


@dataclass(frozen=True, slots=True)
class Begin(_Record):
    """The first line: what is trained, as in spec.json."""

    kind: Literal["spec"]
    format: str
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step(_Record):
    """A step: its number from 1, its loss in hex, and the digest of what it was computed from."""

    kind: Literal["step"]
    step: int
    loss: str
    inputs: str


@dataclass(frozen=True, slots=True)
class Checkpoint(_Record):
    """The state after a step: its digest, and the tensors that it is a digest of."""

    kind: Literal["checkpoint"]
    step: int
    state: str
    tensors: list[TensorRow]


@dataclass(frozen=True, slots=True)
class Model(_Record):
    """The model's files: path below ``model/`` -> ``sha256:…``."""

    kind: Literal["model"]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Predictions(_Record):
    """The predictions on the test data, as the one tensor ``predictions``."""

    kind: Literal["predictions"]
    tensors: list[TensorRow]


@dataclass(frozen=True, slots=True)
class Metrics(_Record):
    """What the recipe measured on the predictions: name and value in hex, the most telling first."""

    kind: Literal["metrics"]
    values: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class End(_Record):
    """The last line: the run was finished."""

    kind: Literal["end"]


Record: TypeAlias = Begin | Step | Checkpoint | Model | Predictions | Metrics | End

_KINDS: dict[str, type[Record]] = {
    "spec": Begin,
    "step": Step,
    "checkpoint": Checkpoint,
    "model": Model,
    "predictions": Predictions,
    "metrics": Metrics,
    "end": End,
}


class Writer:
    """Appends to a run's unfinished ledger and gives it its final name at the end.

    Steps are buffered; ``checkpoint`` and ``finish`` put all that was appended on the disk. After a kill
    the run goes on from the last checkpoint, so what a buffer loses is computed again.
    """

    def __init__(self, folder: Path, kept: Iterable[bytes] = ()):
        """Begin with the lines of an earlier attempt that are ``kept``; the rest of it is discarded."""
        self._folder = folder
        self._path = folder / UNFINISHED
        self._prev: str | None = None
        with files.replaced(self._path) as file:
            for line in kept:
                file.write(line + b"\n")
                self._prev = bytes_digest(line)
        self._file = self._path.open("ab", buffering=1 << 16)

    def append(self, kind: str, **fields: Any) -> None:
        """Append one record; its values are JSON, and floats come as hex strings."""
        line = canonical_json({**fields, "kind": kind, "prev": self._prev})
        self._file.write(line + b"\n")
        self._prev = bytes_digest(line)

    def spec(self, spec: Spec) -> None:
        """Record what is trained: the first line."""
        self.append("spec", format=FORMAT, spec=json.loads(spec.canonical()))

    def step(self, step: int, loss: float, inputs: str) -> None:
        """Record a step's loss (exactly, in hex) and the digest of what it was computed from."""
        self.append("step", step=step, loss=float(loss).hex(), inputs=inputs)

    def checkpoint(self, step: int, rows: list[TensorRow]) -> str:
        """Record the state after ``step`` by its tensors, put all on the disk, and return its digest."""
        state = state_digest(rows)
        self.append("checkpoint", step=step, state=state, tensors=rows)
        self.flush()
        return state

    def finish(self) -> None:
        """Record the end and give the ledger its final name."""
        self.append("end")
        self.flush()
        self._file.close()
        self._path.replace(self._folder / FINISHED)
        files.sync(self._folder)

    def flush(self) -> None:
        """Put everything so far on the disk."""
        files.flush(self._file)


def keep(folder: Path) -> None:
    """Keep a finished ledger under its unfinished name, too, until the run is compared.

    Snakemake deletes the outputs of a job that it takes for failed, such as one that went on after Snakemake
    was killed. The job's next attempt then has all steps, and only concludes.
    """
    with contextlib.suppress(OSError):  # a file system without hard links
        os.link(folder / FINISHED, folder / UNFINISHED)


def settle(folder: Path) -> None:
    """Give up what ``keep`` kept: if the run is asked for again, it is to be trained again."""
    (folder / UNFINISHED).unlink(missing_ok=True)


def lines(path: Path) -> list[bytes]:
    """Return a ledger's complete lines without their newlines; a last line cut short is left out."""
    return path.read_bytes().split(b"\n")[:-1]


def parse(lines: Iterable[bytes], where: str) -> list[Record]:
    """Decode lines and check their chain; ``where`` names the ledger in errors.

    Raises:
        Refused: a line is not JSON, does not follow from the line before, or the first line is of another
            format; names the line.
    """
    records: list[Record] = []
    prev = None
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            record = typed.decode(_KINDS[value["kind"]], value)
            canonical = canonical_json(value) == line
        except (ValueError, KeyError, TypeError, RecursionError):
            canonical = False
        if not canonical:
            raise Refused(f"{where}, line {number}: not a ledger record; train the run again")
        if record.prev != prev:
            raise Refused(
                f"{where}, line {number}: does not follow from the line before; train the run again"
            )
        if number == 1 and (format_name := getattr(record, "format", None)) != FORMAT:
            raise Refused(f"{where}: its format is {format_name!r}, this reads {FORMAT!r}")
        records.append(record)
        prev = bytes_digest(line)
    return records


def read(path: Path) -> list[Record]:
    """Read a finished ledger, its chain checked.

    Raises:
        Refused: it is missing, changed, cut short or not finished; names the line.
    """
    if not path.is_file():
        raise Refused(f"{path} is missing; run the workflow to train this run")
    records = parse(lines(path), str(path))
    if not records or not isinstance(records[-1], End):
        raise Refused(f"{path} is cut short: its last record is not the end; train the run again")
    return records


def head(path: Path) -> str:
    """Name a finished ledger by the digest of its last line, which the chain ties to all lines before."""
    return bytes_digest(lines(path)[-1])


class Progress(NamedTuple):
    """What an interrupted run left behind: the lines to keep, and the last checkpoint among them."""

    lines: list[bytes]
    step: int
    state: str


def resumable(folder: Path, spec: Spec) -> Progress | None:
    """Find how far an interrupted run of ``spec`` came; None if it wrote no checkpoint or another spec.

    Raises:
        Refused: the chain of the recorded lines is broken.
    """
    path = folder / UNFINISHED
    if not path.is_file():
        return None
    recorded = lines(path)
    records = parse(recorded, str(path))
    # compared as bytes: a parameter of 1 and one of 1.0 are different specs
    if not (
        records and isinstance(first := records[0], Begin) and canonical_json(first.spec) == spec.canonical()
    ):
        return None
    for index in range(len(records) - 1, 0, -1):
        record = records[index]
        # no later line is chained to the last one, so a change to it would not show
        if isinstance(record, Checkpoint) and record.state == state_digest(record.tensors):
            return Progress(recorded[: index + 1], record.step, record.state)
    return None
