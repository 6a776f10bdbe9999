"""The engine: runs an adapter from checkpoint to checkpoint and keeps the ledger.

Every segment begins by loading the checkpoint that the one before has just written, exactly as a resumed or
replayed process would. So a state that forgot something cannot hide: the first run would differ from itself.
"""

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from samebits.sealed import checkpoint, files, ledger
from samebits.sealed.adapter import Adapter
from samebits.sealed.digest import file_digest, rows, state_digest, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.fingerprint import FILE as FINGERPRINT
from samebits.sealed.fingerprint import Fingerprint
from samebits.sealed.ledger import Checkpoint, Writer
from samebits.sealed.spec import Spec

Report = Callable[[str], None]


class Reached(NamedTuple):
    """How far a run has come: a step with a checkpoint, and the digest of its state."""

    step: int
    state: str


class Segment(NamedTuple):
    """A segment to compute again: its number from 1, its checkpoints, and the ends of the run with it.

    ``start`` asks for the state before the first step to be made anew, ``conclude`` for the model, the
    predictions and the metrics.
    """

    number: int
    start: bool
    conclude: bool


def run(adapter: Adapter, spec: Spec, fingerprint: Fingerprint, folder: Path, report: Report) -> None:
    """Train a spec into ``folder``, or go on from the last checkpoint of an interrupted attempt.

    Leaves ``ledger.jsonl``, ``checkpoints/``, ``model/``, ``predictions.safetensors``, ``fingerprint.json``
    and ``timing.jsonl``. A resumed run leaves the same bytes as one that was never touched, but for the
    timing, and for the fingerprint if an earlier attempt trained on another machine.

    Args:
        adapter: a fresh adapter.
        spec: what to train.
        fingerprint: that of this process, as JSON.
        folder: the run's; no other process works in it.
        report: takes lines that tell of the progress.
    """
    progress = ledger.resumable(folder, spec)
    writer = Writer(folder, progress.lines if progress else ())
    training = _Training(adapter, spec, folder, writer, report)
    if progress is None:
        _clear(folder)
        writer.spec(spec)
        reached = training.checkpoint(adapter.start(), 0)
    else:
        reached = Reached(progress.step, progress.state)
        report(f"going on from the checkpoint at step {reached.step}")
    _write_fingerprint(fingerprint, folder)
    note: dict[str, Any] = {"fingerprint": fingerprint}
    for last in spec.boundaries:
        if last > reached.step:
            reached = training.segment(reached, last, note)
            note = {}
            if reached.step < last:  # finished early, now or before an interruption
                break
    training.conclude(training.restore(reached))
    if earlier := [*_earlier(fingerprint, folder)]:
        _write_fingerprint({**fingerprint, "earlier": earlier}, folder)
    writer.finish()


def replay(
    adapter: Adapter,
    spec: Spec,
    fingerprint: Fingerprint,
    original: Path,
    segment: Segment,
    folder: Path,
    report: Report,
) -> None:
    """Compute one segment of a finished run again, from the checkpoint that it begins with.

    Leaves in ``folder`` a ledger with what the run's own ledger should hold of that segment, and those of the
    states, the model and the predictions that differ.

    Args:
        adapter: a fresh adapter.
        spec: what to train; the run's own unless something changed.
        fingerprint: that of this process, as JSON.
        original: the run's folder.
        segment: which segment.
        folder: where the replay is recorded.
        report: takes lines that tell of the progress.

    Raises:
        Refused: the run is not finished, has other segments than its spec or stopped before its end, or a
            checkpoint is not what its ledger says.
    """
    recorded = [r for r in ledger.read(original / ledger.FINISHED) if isinstance(r, Checkpoint)]
    _check_ends(spec, original, [record.step for record in recorded])
    begin, end = recorded[segment.number - 1 : segment.number + 1]
    _clear(folder)
    _write_fingerprint(fingerprint, folder)
    writer = Writer(folder)
    writer.spec(spec)
    replaying = _Training(adapter, spec, folder, writer, report)
    if segment.start:
        replaying.checkpoint(adapter.start(), 0, expected=recorded[0].state)
    if segment.number > 1 or not segment.start:
        writer.checkpoint(begin.step, begin.tensors)
    state = replaying.restore(Reached(begin.step, begin.state), original)
    step = replaying.advance(state, begin.step, end.step)
    replaying.checkpoint(state, step, expected=end.state)
    if segment.conclude:
        last = Reached(recorded[-1].step, recorded[-1].state)
        state = replaying.restore(last, original)
        if last.step < spec.steps and not adapter.finished(state):
            raise Refused(
                f"{original} ends with step {last.step} of {spec.steps}, and it was not finished; "
                "train it again"
            )
        replaying.conclude(state)
    writer.finish()


def _check_ends(spec: Spec, original: Path, steps: list[int]) -> None:
    """Hold the steps with checkpoints against the spec: its boundaries, of which the last may come early."""
    due, last = spec.boundaries, len(steps) - 1
    if not (0 < last < len(due) and steps[:-1] == due[:last] and due[last - 1] < steps[-1] <= due[last]):
        raise Refused(
            f"{original} has checkpoints at the steps {steps}, and its spec asks for {due}; train it again"
        )


@dataclass(frozen=True)
class _Training:
    """An adapter at work, and where its work is recorded.

    Attributes:
        adapter: what trains.
        spec: what it trains.
        folder: where states, model and predictions are put.
        writer: keeps the ledger.
        report: takes lines that tell of the progress.
    """

    adapter: Adapter
    spec: Spec
    folder: Path
    writer: Writer
    report: Report

    def segment(self, start: Reached, last: int, note: dict[str, Any]) -> Reached:
        """Train from a checkpoint to the step ``last``, or to where the adapter says that it is finished.

        ``note`` is written down with the segment's time.
        """
        began = time.perf_counter()
        state = self.restore(start)
        restored = time.perf_counter()
        step = self.advance(state, start.step, last)
        if step == start.step:
            return start
        trained = time.perf_counter()
        reached = self.checkpoint(state, step)
        timing = {
            "from": start.step,
            "to": step,
            "restore_seconds": restored - began,
            "train_seconds": trained - restored,
            "save_seconds": time.perf_counter() - trained,
            "finished": datetime.now(UTC).isoformat(),
            **note,
        }
        with (self.folder / "timing.jsonl").open("a") as file:
            file.write(json.dumps(timing) + "\n")
        return reached

    def advance(self, state: Any, first: int, last: int) -> int:
        """Take the steps after ``first`` up to ``last``; return the one at which training stands then."""
        spec = self.spec
        began = reported = time.perf_counter()
        for step in range(first + 1, last + 1):
            if self.adapter.finished(state):
                self.report(f"finished early, after step {step - 1} of {spec.steps}")
                return step - 1
            loss, inputs = self.adapter.advance(state, step)
            self.writer.step(step, math.nan if loss is None else loss, inputs)
            if (now := time.perf_counter()) - reported > 2 or step == spec.steps:
                shown = "" if loss is None else f"loss {loss:.6g}, "
                self.report(f"step {step}/{spec.steps}, {shown}{(step - first) / (now - began):.1f} steps/s")
                reported = now
        return last

    def restore(self, at: Reached, original: Path | None = None) -> Any:
        """Return the state of a checkpoint, which lies in this folder or in that of the original run."""
        path = (original or self.folder) / "checkpoints" / checkpoint.file_name(at.step)
        return self.adapter.restore(checkpoint.load(path, at.state, self.spec.threads), at.step)

    def checkpoint(self, state: Any, step: int, expected: str | None = None) -> Reached:
        """Put the state on the disk first and into the ledger second: a recorded checkpoint is always there.

        A state whose digest is ``expected`` lies elsewhere already and is not written again.
        """
        tensors = self.adapter.tensors(state)
        path = self.folder / "checkpoints" / checkpoint.file_name(step)
        if expected is None:
            digests = checkpoint.save_digested(path, tensors, self.spec.threads)
        elif state_digest(digests := rows(tensors, self.spec.threads)) != expected:
            checkpoint.save(path, tensors)
        return Reached(step, self.writer.checkpoint(step, digests))

    def conclude(self, state: Any) -> None:
        """Export the model, predict and measure from the last checkpoint, and record all of it."""
        model, writer = self.folder / "model", self.writer
        shutil.rmtree(model, ignore_errors=True)
        model.mkdir()
        self.adapter.export(state, model)
        paths = sorted(model.rglob("*"))
        exported = [path for path in paths if path.is_file()]
        for path in (*exported, *filter(Path.is_dir, paths), model):
            files.sync(path)  # on the disk before the ledger names it, as states are
        writer.append("model", files={str(path.relative_to(model)): file_digest(path) for path in exported})
        predictions = self.adapter.predict(state)
        tensors = {"predictions": tensor(predictions)}
        checkpoint.save(self.folder / "predictions.safetensors", tensors)
        writer.append("predictions", tensors=rows(tensors))
        metrics = self.adapter.metrics(predictions)
        writer.append("metrics", values=[[name, float(value).hex()] for name, value in metrics.items()])


def _write_fingerprint(fingerprint: Fingerprint, folder: Path) -> None:
    files.write(folder / FINGERPRINT, json.dumps(fingerprint, indent=2) + "\n")


def _earlier(fingerprint: Fingerprint, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the fingerprints, other than this one, of the processes that trained the run's segments."""
    seen = [json.loads(json.dumps(fingerprint))]
    timing = folder / "timing.jsonl"
    for line in timing.read_text().splitlines() if timing.exists() else ():
        try:
            before = json.loads(line).get("fingerprint")
        except (ValueError, AttributeError):  # cut short by a kill
            continue
        if before and before not in seen:
            seen.append(before)
            yield before


def _clear(folder: Path) -> None:
    """Remove what an attempt left that cannot be continued."""
    (folder / "timing.jsonl").unlink(missing_ok=True)
    (folder / ledger.FINISHED).unlink(missing_ok=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "checkpoints").mkdir()
