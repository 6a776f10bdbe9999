"""The verdict on a model's runs: its type, how it lies on the disk, and how it is said in words."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from samebits.sealed import files, typed
from samebits.sealed.errors import Refused

FORMAT: Final = "samebits-verdict/1"
#: its file in ``results/<model>``
FILE = "verdict.json"

#: how the types are checked and described where Pydantic reads them, as in a receipt
_STRICT: Any = {"extra": "forbid", "strict": True}
_DIGEST = r"^[a-z0-9-]+:[0-9a-f]{64}$"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two runs part.

    Attributes:
        runs: the names of the two runs.
        kind: what differs first: spec, data, loss, checkpoint, model, predictions, metrics or length.
        step: the first step whose record differs; None where it is no step's.
        segment: the segment, from 1, that the step belongs to.
        tensor: the first tensor (or setting) that differs in the first checkpoint that does.
        values: what the two runs have there; floating point in hex.
        message: all of this in one line.
    """

    __pydantic_config__ = _STRICT

    runs: tuple[str, str]
    kind: str
    step: int | None
    segment: int | None
    tensor: str | None
    values: tuple[str, str]
    message: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A run that was compared, or the replay of a segment.

    Attributes:
        run: the run's name; None for a replay.
        segment: number of the segment that was replayed; None for a run.
        ledger: head of its ledger.
        fingerprint: digest of its fingerprint, as canonical JSON.
    """

    __pydantic_config__ = _STRICT

    run: str | None = field(default=None, metadata={"description": "run-1, …"})
    segment: int | None = field(
        default=None, metadata={"description": "number of the segment that was replayed"}
    )
    ledger: str = field(metadata={"pattern": _DIGEST, "description": "head of its ledger"})
    fingerprint: str = field(
        metadata={"pattern": _DIGEST, "description": "of its fingerprint, as canonical JSON"}
    )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was compared, and what came of it; the same runs give the same verdict.

    Attributes:
        format: the version of this type.
        model: the model's name.
        verdict: what came of it.
        mode: whether runs were compared, or a run with replays of its segments.
        varied: what was made different between the runs on purpose; None where nothing was.
        runs: the runs, the first of which the others were compared with.
        replays: the replays, in the order of their segments.
        segments: of how many segments some were replayed.
        nonce: drawn at random; names the segments that were replayed.
        unseen: the probability that a single bad segment was not drawn.
        steps: how many steps the first run took.
        tier: how much was pinned.
        framework: what trained it.
        state: digest of the last checkpoint.
        loss: of the last step, in hex.
        metrics: name and value in hex.
        differences: one for each run, or replay, that parts from the first run.
        fingerprints: name of a run -> dotted path -> what the first run's fingerprint has there, and its own.
    """

    __pydantic_config__ = _STRICT

    format: Literal["samebits-verdict/1"] = FORMAT
    model: str
    verdict: Literal["identical", "different"]
    mode: Literal["rerun", "replay"]
    varied: tuple[str, ...] | None = field(
        default=None, metadata={"description": "what was made different on purpose"}
    )
    runs: tuple[Compared, ...] = field(metadata={"min_length": 1})
    replays: tuple[Compared, ...] = ()
    segments: int | None = None
    nonce: str | None = field(
        default=None, metadata={"description": "drawn at random; names the segments that were replayed"}
    )
    unseen: float | None = None
    steps: int
    tier: str
    framework: str
    state: str = field(metadata={"pattern": _DIGEST, "description": "of the last checkpoint"})
    loss: str = field(metadata={"description": "of the last step, in hex"})
    metrics: tuple[tuple[str, str], ...] = field(metadata={"description": "name and value in hex"})
    differences: tuple[Difference, ...]
    fingerprints: dict[str, dict[str, tuple[Any, Any]]] = field(
        metadata={"description": "what differs between the runs' fingerprints"}
    )

    @property
    def identical(self) -> bool:
        """Whether no difference was found."""
        return self.verdict == "identical"


def encode(verdict: Verdict) -> bytes:
    """Encode as ``verdict.json`` holds it: what is not known is left out."""
    fields = {key: value for key, value in asdict(verdict).items() if value is not None}
    for key in ("runs", "replays"):
        fields[key] = [{k: v for k, v in each.items() if v is not None} for each in fields[key]]
    if verdict.mode == "rerun":
        del fields["replays"]
    return (json.dumps(fields, indent=2) + "\n").encode()


def write(verdict: Verdict, path: Path) -> None:
    """Write ``verdict.json``, whole or not at all."""
    files.write(path, encode(verdict))


def read(path: Path) -> Verdict:
    """Read ``verdict.json``.

    Raises:
        Refused: it is missing or no verdict.
    """
    broken = Refused(f"{path} is missing or broken; run the workflow to compare the runs")
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise broken from None
    if not isinstance(fields, dict):
        raise broken
    if (format_name := fields.get("format")) != FORMAT:
        raise Refused(f"{path}: its format is {format_name!r}, this reads {FORMAT!r}")
    try:
        verdict = typed.decode(Verdict, fields)
    except ValueError:
        raise broken from None
    replayed = verdict.mode == "replay"
    if not verdict.runs or (replayed and None in (verdict.segments, verdict.unseen)):
        raise broken
    return verdict


def sentence(verdict: Verdict) -> str:
    """Say a verdict: one line if identical, else a line for each run that parts from the first."""
    if verdict.identical:
        line = f"{verdict.model}: {_proof(verdict)} identical, {verdict.state}"
        line += f", with {', '.join(verdict.varied)} varied" if verdict.varied else ""
        return line + (" (on different machines)" if verdict.fingerprints else "")
    return "\n".join(f"{verdict.model}: different: {each.message}" for each in verdict.differences)


def _proof(verdict: Verdict) -> str:
    """Say what was found identical, and what a sample of segments leaves open."""
    steps = f"{verdict.steps} step{'s' * (verdict.steps != 1)}"
    if verdict.mode == "rerun":
        return f"{len(verdict.runs)} runs of {steps} are"
    replayed, of = len(verdict.replays), verdict.segments
    if replayed == of:
        return f"a run of {steps} and the replays of its {of} segments are"
    unseen = f"a single bad one among the others would be unseen with probability {verdict.unseen:.3g}"
    return f"a run of {steps} and the replays of {replayed} of its {of} segments ({unseen}) are"
