"""Verdicts on disk and in words."""

import json
from pathlib import Path
from typing import Any

from samebits.sealed.errors import Refused

FORMAT = "samebits-verdict/1"


def write(verdict: dict[str, Any], path: Path) -> None:
    """Write ``verdict.json``; the same runs give the same bytes."""
    path.write_text(json.dumps(verdict, indent=2) + "\n")


def read(path: Path) -> dict[str, Any]:
    """Read ``verdict.json``.

    Raises:
        Refused: it is missing or no verdict.
    """
    broken = Refused(f"{path} is missing or broken; run the workflow to compare the runs")
    try:
        verdict: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise broken from None
    if not isinstance(verdict, dict):
        raise broken
    if verdict.get("format") != FORMAT:
        raise Refused(f"{path}: its format is {verdict.get('format')!r}, this reads {FORMAT!r}")
    try:
        sentence(verdict)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken from None
    return verdict


def sentence(verdict: dict[str, Any]) -> str:
    """Say a verdict: one line if identical, else a line for each run that parts from the first."""
    if verdict["verdict"] == "identical":
        said = f"{verdict['model']}: {_proof(verdict)} identical, {verdict['state']}"
        return said + (" (on different machines)" if verdict["fingerprints"] else "")
    return "\n".join(f"{verdict['model']}: different: {d['message']}" for d in verdict["differences"])


def _proof(verdict: dict[str, Any]) -> str:
    """Say what was found identical, and what a sample of segments leaves open."""
    steps = f"{verdict['steps']} step{'s' * (verdict['steps'] != 1)}"
    if verdict["mode"] == "rerun":
        return f"{len(verdict['runs'])} runs of {steps} are"
    replayed, of = len(verdict["replays"]), verdict["segments"]
    if replayed == of:
        return f"a run of {steps} and the replays of its {of} segments are"
    unseen = f"a single bad one among the others would be unseen with probability {verdict['unseen']:.3g}"
    return f"a run of {steps} and the replays of {replayed} of its {of} segments ({unseen}) are"
