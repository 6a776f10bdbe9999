"""Verification by replay on two cores against the training that it verifies, start-up included in both."""

import shutil
import tempfile
from pathlib import Path

from prepared import Prepared
from run import tell, timed

# one to two minutes of training on one thread
MODEL = {
    "framework": "pytorch",
    "recipe": "config/recipes/digits_cnn.py:DigitsCNN",
    "data": "sklearn:digits",
    "params": {"channels": 32},
    "steps": 8000,
}
SEGMENTS = 8
WAYS = {"all segments": (1.0, 0.6), "a quarter of the segments": (0.25, 0.35)}


def run() -> None:
    """Print the seconds of the whole workflow to train once, and to verify what was trained."""
    print(f"replay: {MODEL['steps']} steps, {SEGMENTS} segments, 1 thread, 2 jobs at a time", flush=True)
    for what, (sample, goal) in WAYS.items():
        verify = {"mode": "replay", "segments": SEGMENTS, "sample": sample}
        with tempfile.TemporaryDirectory() as folder:
            prepared = Prepared(Path(folder), {"cnn": {**MODEL, "verify": verify}})
            measured = [_measure(prepared) for _ in range(2)]
        tell(f"verifying {what}, and training", min(measured, key=lambda figures: figures[2]), goal)


def _measure(prepared: Prepared) -> tuple[float, float, float]:
    shutil.rmtree(prepared.folder / "results" / "cnn" / "run-1", ignore_errors=True)
    training = timed(lambda: prepared.workflow("results/cnn/run-1/ledger.jsonl"))
    replaying = timed(lambda: prepared.workflow("results/cnn/verified"))
    return replaying, training, replaying / training
