"""A model that trains to the same bits on any machine: the golden run and the engine's tests use it.

Its numbers are small integers and dyadic fractions of few bits, so no operation ever rounds, and neither the
order of a sum nor the instruction set can matter. What remains to differ is samebits itself.

``python toy.py FOLDER [STEP]`` trains it in a process of its own; with STEP it halts before that step, says
so, and waits to be killed.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samebits.sealed import adapter, checkpoint, engine, ledger, nested
from samebits.sealed.adapter import Advance, inputs_digest
from samebits.sealed.digest import Tensor, array, tensor
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec

GOLDEN = Path(__file__).parent.parent / "goldens" / "run-1"

SPEC = Spec(
    model="toy",
    framework="toy",
    recipe="toy.py:Toy",
    recipe_digest="sha256:" + "0" * 64,
    params={"name": "Zo\u00eb", "rate": 0.5},
    options={},
    data="none",
    data_digest="sha256:" + "1" * 64,
    steps=6,
    segments=3,
    seed=7,
    tier="deterministic",
    processes=1,
    threads=1,
    device="cpu",
    environment="toy-cpu",
    environment_digest="sha256:" + "2" * 64,
    library_digest="sha256:" + "3" * 64,
)

FINGERPRINT = {"format": "samebits-fingerprint/1", "cpu": {"model": "any"}, "libraries": {}}


@dataclass
class State:
    """Arrays of several types and shapes, and plain values as an optimizer has them."""

    weights: NDArray[np.float64]
    velocity: NDArray[np.float64]
    taken: NDArray[np.int64]
    low: Tensor
    settings: dict[Any, Any]


class Toy(adapter.Adapter):
    """Moves weights halfway to targets that are drawn anew in each step."""

    def __init__(self, spec: Spec = SPEC):
        self.spec = spec

    def start(self) -> State:
        return State(
            weights=np.array([1.0, -2.0, 0.5]),
            velocity=np.zeros(3),
            taken=np.array(0),
            low=Tensor("BF16", (2,), np.array([0x80, 0x3F, 0x00, 0x80], np.uint8)),  # 1.0 and -0.0
            settings={
                "rate": 0.5,
                0: (None, True, float("nan"), -0.0),
                "empty": np.zeros((0, 2), np.float32),
            },
        )

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        # copied, since a checkpoint's arrays are read-only
        def leaf(t: Tensor) -> Any:
            return t if t.dtype == "BF16" else array(t).copy()

        return State(**nested.unflatten(tensors, "state", leaf))

    def advance(self, state: State, step: int) -> Advance:
        drawn = derive(self.spec.seed, "step", step)
        target = np.array([drawn >> shift & 7 for shift in (0, 8, 16)], np.float64)
        error = state.weights - target
        state.velocity = (state.velocity + error) * 0.5
        state.weights -= state.velocity * state.settings["rate"]
        state.taken += 1
        return Advance(float(np.sum(error * error)), inputs_digest({"target": tensor(target)}))

    def tensors(self, state: State) -> dict[str, Tensor]:
        def leaf(value: Any) -> Tensor | None:
            if isinstance(value, Tensor):
                return value
            return tensor(value) if isinstance(value, np.ndarray) else None

        return nested.flatten(vars(state), "state", leaf)

    def export(self, state: State, folder: Path) -> None:
        checkpoint.save(folder / "model.safetensors", {"weights": tensor(state.weights)})
        (folder / "words").mkdir()
        (folder / "words" / "in two.txt").write_bytes(b"seen\n")

    def predict(self, state: State) -> NDArray[Any]:
        return np.outer(np.arange(1, 5), state.weights)

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        return {"sum": float(predictions.sum()), "nothing": float("nan"), "least": float(predictions.min())}

    def fingerprint(self) -> dict[str, Any]:
        return {}


def train(folder: Path, adapter: Any = None, spec: Spec = SPEC) -> Path:
    """Run the real engine in ``folder``, or go on there, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    engine.run(adapter or Toy(spec), spec, FINGERPRINT, folder, report=lambda line: None)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a run that must be the same in a rerun, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "timing.jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def reseeded(seed: int) -> Spec:
    """Return the spec with another seed."""
    return replace(SPEC, seed=seed)


def records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a finished run as JSON."""
    ledger.read(folder / ledger.FINISHED)
    return [json.loads(line) for line in ledger.lines(folder / ledger.FINISHED)]


def rewrite(folder: Path, new: list[dict[str, Any]]) -> None:
    """Write a ledger anew with its chain in order, as only a forger or another program would."""
    writer = ledger.Writer(folder)
    for record in new[:-1]:
        writer.append(**{key: value for key, value in record.items() if key != "prev"})
    writer.finish()


class _Halting(Toy):
    """Waits before one step until it is killed."""

    at = 0

    def advance(self, state: State, step: int) -> Advance:
        if step == self.at:
            print("waiting", flush=True)
            sys.stdin.read()
        return super().advance(state, step)


if __name__ == "__main__":
    _Halting.at = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    train(Path(sys.argv[1]), _Halting())
