"""A model's folder of results as the runs that MLflow is told of: each run, and the replays as one."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samebits.proof import verdict
from samebits.proof.verdict import Verdict
from samebits.results import timing
from samebits.results.run import Run
from samebits.results.timing import Timing
from samebits.sealed import ledger
from samebits.sealed.digest import bytes_digest, canonical_json, file_digest
from samebits.sealed.errors import Refused
from samebits.tracking.entry import Entry, Point, flat, name, params, tags

#: of a fingerprint, what stands in tags; all of it is an artifact
_FINGERPRINT = ("cpu", "os", "python", "gpus")


@dataclass(frozen=True)
class Model:
    """A model's results.

    Attributes:
        name: the model's.
        identical: whether its verdict is.
        sentence: the verdict in words.
        entries: its runs, the first of them the one that the model is of.
        wheel: the package of the model, if there is one.
    """

    name: str
    identical: bool
    sentence: str
    entries: list[Entry]
    wheel: Path | None


def gather(folder: Path, wheel: Path | None = None, package: bool = True) -> Model:
    """Read a model's folder of results.

    Args:
        folder: ``results/<model>``.
        wheel: the model's package; what lies in ``dist/`` if not given.
        package: whether the package matters.

    Raises:
        Refused: a file is missing, broken, or not what the verdict was drawn from; names it.
    """
    judged = verdict.read(folder / verdict.FILE)
    runs = [_require_judged(Run.open(folder / str(each.run)), each.ledger) for each in judged.runs]
    shared = _shared(folder, judged)
    files = _files(folder, "spec.json", "verdict.json", "lint.sarif", "receipt.*", "divergence.*")
    entries = [_run(run, shared, files) for run in runs]
    if judged.replays:
        entries.append(_replays(folder / "replay", judged, shared, files))
    if wheel is None and package:
        wheels = sorted(folder.glob("dist/*-py3-none-any.whl"))
        if len(wheels) > 1:
            raise Refused(
                f"{folder / 'dist'} holds {len(wheels)} wheels; say with --wheel which is the model's"
            )
        wheel = wheels[0] if wheels else None
    return Model(judged.model, judged.identical, verdict.sentence(judged), entries, wheel)


def _require_judged(run: Run, head: str) -> Run:
    """Return a run if it is the one that the verdict was drawn from."""
    if run.head != head:
        path = run.folder / ledger.FINISHED
        raise Refused(f"{path} is not the ledger that the verdict was drawn from; run the workflow again")
    return run


def _shared(folder: Path, judged: Verdict) -> dict[str, Any]:
    """Return the tags that all runs of a model have."""
    receipt = folder / "receipt.intoto.json"
    return {
        "samebits.model": judged.model,
        "samebits.verdict": judged.verdict,
        "samebits.mode": judged.mode,
        "samebits.state": judged.state,
        "samebits.unseen": judged.unseen,
        "samebits.lint": _lint(folder / "lint.sarif"),
        "samebits.receipt": file_digest(receipt) if receipt.is_file() else None,
        "mlflow.note.content": verdict.sentence(judged),
        "mlflow.source.name": "samebits",
    }


def _run(run: Run, shared: dict[str, Any], files: list[Path]) -> Entry:
    times = run.timing
    points = [*_losses([run], times), *_metrics(run, times), *_costs(run.folder, times)]
    return Entry(
        model=run.spec["model"],
        name=run.folder.name,
        evidence=(run.head, run.fingerprint_digest),
        params=params(run.spec),
        tags=tags({**shared, **_named(run), "samebits.ledger": run.head}),
        points=points,
        data=(run.spec["data"], run.spec["data_digest"]),
        files=[*files, *_evidence(run.folder)],
        began=times.began,
        ended=times.ended,
    )


def _replays(folder: Path, judged: Verdict, shared: dict[str, Any], files: list[Path]) -> Entry:
    """Summarise the replays as one run: their losses, what each took, and how many of how many there are."""
    replays = [
        _require_judged(Run.open_replay(folder / f"segment-{each.segment}", each.segment or 0), each.ledger)
        for each in judged.replays
    ]
    timings = [replay.timing for replay in replays]
    points = [
        point for replay, times in zip(replays, timings, strict=True) for point in _losses([replay], times)
    ]
    for replay, each, times in zip(replays, judged.replays, timings, strict=True):
        costs = timing.benchmark(replay.folder / "benchmark.jsonl")
        points += [Point(key, value, each.segment or 0, times.ended) for key, value in costs.items()]
    different = {each.runs[1] for each in judged.differences}
    own_tags = {
        **_named(replays[0]),
        "samebits.run": "replays",
        "samebits.replayed": f"{len(replays)} of {judged.segments} segments",
        "samebits.different": len(different),
        "samebits.ledger": judged.runs[0].ledger,
    }
    spec = replays[0].spec
    return Entry(
        model=spec["model"],
        name="replays",
        evidence=tuple(digest for each in replays for digest in (each.head, each.fingerprint_digest)),
        params=params(spec),
        tags=tags({**shared, **own_tags}),
        points=points,
        data=(spec["data"], spec["data_digest"]),
        files=[*files, *_files(folder, "sample.json")],
        began=min((t.began for t in timings if t.began is not None), default=None),
        ended=max((t.ended for t in timings if t.ended is not None), default=None),
    )


def _named(run: Run) -> dict[str, Any]:
    """Return the tags that name a run, what it was trained from, and the machine it ran on."""
    machine = {key: run.fingerprint[key] for key in _FINGERPRINT if key in run.fingerprint}
    return {
        "samebits.run": run.folder.name,
        "samebits.spec": _digest(run.spec),
        **{f"samebits.{key}": value for key, value in run.spec.items() if key.endswith("_digest")},
        "samebits.fingerprint": run.fingerprint_digest,
        **dict(flat(machine, "fingerprint")),
    }


def _losses(runs: Iterable[Run], times: Timing) -> list[Point]:
    """Return the losses by step; none for a framework that has none, which records NaN throughout."""
    steps = [(step, float.fromhex(loss)) for run in runs for step, loss in run.losses.items()]
    if all(math.isnan(loss) for _, loss in steps):
        return []
    return [Point("loss", loss, step, times.at(step)) for step, loss in steps]


def _metrics(run: Run, times: Timing) -> list[Point]:
    """Return the metrics of the finished model, at its last step."""
    last = run.checkpoints[-1].step
    return [Point(name(key), float.fromhex(value), last, times.ended) for key, value in run.metrics]


def _costs(folder: Path, times: Timing) -> list[Point]:
    """Return what the run took: each segment's seconds at its last step, and its job as a whole."""
    points = []
    for segment in times.segments:
        costs = {f"system/{what}_seconds": seconds for what, seconds in segment.seconds.items()}
        if segment.seconds["train"]:
            costs["system/steps_per_second"] = (segment.last - segment.first) / segment.seconds["train"]
        points += [Point(key, value, segment.last, segment.ended) for key, value in costs.items()]
    whole = timing.benchmark(folder / "benchmark.jsonl")
    return points + [Point(key, value, 0, times.ended) for key, value in whole.items()]


def _evidence(folder: Path) -> list[Path]:
    return _files(folder, ledger.FINISHED, "fingerprint.json", "timing.jsonl", "benchmark.jsonl")


def _files(folder: Path, *patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.is_file()]


def _digest(value: Any) -> str:
    return bytes_digest(canonical_json(value))


def _lint(path: Path) -> str | None:
    """Tell how many findings of which level there are; None if nothing was linted."""
    try:
        levels = [result["level"] for result in json.loads(path.read_bytes())["runs"][0]["results"]]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    counts = {level: levels.count(level) for level in ("error", "warning", "note") if level in levels}
    return ", ".join(f"{n} {level}{'s' * (n != 1)}" for level, n in counts.items()) or "nothing found"
