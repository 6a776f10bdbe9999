"""The ledger: the append-only record of a run, each line chained to the one before.

A line is canonical JSON with the key ``prev``: the SHA-256 of the line before it (docs/formats/ledger.md).
Nothing in it tells when, where or on what machine a run took place, so two runs of one spec that computed the
same bits have the same ledger, byte for byte, and ``cmp`` proves a rerun.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from samebits.sealed.digest import TensorRow, bytes_digest, canonical_json, state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec

FORMAT = "samebits-ledger/1"

#: the name of a finished ledger, and of one that a run is still writing
FINISHED = "ledger.jsonl"
UNFINISHED = "ledger.part.jsonl"

Record = dict[str, Any]


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
        part = self._path.with_suffix(".new")
        with part.open("wb") as file:
            for line in kept:
                file.write(line + b"\n")
                self._prev = bytes_digest(line)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
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

    def flush(self) -> None:
        """Put everything so far on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())


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
            record = json.loads(line)
            found, _ = record["prev"], record["kind"]
            canonical = canonical_json(record) == line
        except (ValueError, KeyError, TypeError):
            canonical = False
        if not canonical:
            raise Refused(f"{where}, line {number}: not a ledger record; train the run again")
        if found != prev:
            raise Refused(
                f"{where}, line {number}: does not follow from the line before; train the run again"
            )
        if number == 1 and record.get("format") != FORMAT:
            raise Refused(f"{where}: its format is {record.get('format')!r}, this reads {FORMAT!r}")
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
    if not records or records[-1]["kind"] != "end":
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
    if not records or canonical_json(records[0].get("spec")) != spec.canonical():
        return None
    for index in range(len(records) - 1, 0, -1):
        if _is_checkpoint(record := records[index]):
            return Progress(recorded[: index + 1], record["step"], record["state"])
    return None


def _is_checkpoint(record: Record) -> bool:
    """Tell whether a record is a sound checkpoint: the last line has none after it whose chain would tell."""
    try:
        sound: bool = record["kind"] == "checkpoint" and record["state"] == state_digest(table(record))
        return sound and isinstance(record["step"], int)
    except (KeyError, TypeError, ValueError):
        return False


def table(record: Record) -> list[TensorRow]:
    """Return the rows of a record of kind ``checkpoint`` or ``predictions``."""
    return [TensorRow(name, dtype, tuple(shape), hex) for name, dtype, shape, hex in record["tensors"]]
