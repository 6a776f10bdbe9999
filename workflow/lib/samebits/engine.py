"""The engine: runs an adapter from checkpoint to checkpoint and keeps the ledger.

Every segment begins by loading the checkpoint that the one before has just written, exactly as a resumed or
replayed process would. So a state that forgot something cannot hide: the first run would differ from itself.

``python -sP -m samebits.engine …`` is the measured process; ``samebits train`` starts it.
"""

import argparse
import errno
import fcntl
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from samebits import checkpoint, fingerprint, frameworks, seal
from samebits.data import load
from samebits.digest import TensorRow, bytes_digest, file_digest, rows, tensor
from samebits.errors import Refused
from samebits.frameworks import Adapter
from samebits.ledger import Progress, Writer, resumable
from samebits.spec import Spec

Report = Callable[[str], None]


def run(adapter: Adapter, spec: Spec, folder: Path, report: Report) -> None:
    """Train a spec into ``folder``, or go on from the last checkpoint of an interrupted attempt.

    Leaves ``ledger.jsonl``, ``checkpoints/``, ``model/``, ``predictions.safetensors`` and ``timing.jsonl``.
    A resumed run leaves the same bytes as one that was never touched, but for the timing.
    """
    with _alone(folder):
        progress = resumable(folder, spec)
        ledger = Writer(folder, progress.lines if progress else ())
        if progress is None:
            _clear(folder)
            ledger.spec(spec)
            progress = _write_checkpoint(adapter, adapter.start(), 0, spec, folder, ledger)
        else:
            report(f"going on from the checkpoint at step {progress.step}")
        for last in spec.boundaries:
            if last > progress.step:
                progress = _segment(adapter, progress, last, spec, folder, ledger, report)
        _conclude(adapter, progress, spec, folder, ledger)
        ledger.finish()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second process out of the run's folder: one may have outlived the workflow that started it.

    Raises:
        Refused: another process is training there.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"another process is training in {folder}; let it finish, or end it first") from None
    finally:
        os.close(descriptor)


def replay(adapter: Adapter, spec: Spec, folder: Path, segment: int, state: str) -> list[TensorRow]:
    """Compute one segment again from the checkpoint that it begins with.

    Args:
        adapter: a fresh adapter.
        spec: what the run trained.
        folder: the run's folder.
        segment: 0 for the first.
        state: the digest of the state that the segment begins with, from the ledger.

    Returns:
        The rows of the state that the segment ends with, to be compared with the ledger's.
    """
    first, last = spec.boundaries[segment], spec.boundaries[segment + 1]
    current = _restore(adapter, Progress([], first, state), spec, folder)
    for step in range(first + 1, last + 1):
        adapter.advance(current, step)
    return rows(adapter.tensors(current), spec.threads)


def _segment(
    adapter: Adapter, start: Progress, last: int, spec: Spec, folder: Path, ledger: Writer, report: Report
) -> Progress:
    began = time.perf_counter()
    state = _restore(adapter, start, spec, folder)
    told = restored = time.perf_counter()
    for step in range(start.step + 1, last + 1):
        loss, inputs = adapter.advance(state, step)
        ledger.step(step, loss, inputs)
        if (now := time.perf_counter()) - told > 2 or step == spec.steps:
            rate = (step - start.step) / (now - restored)
            report(f"step {step}/{spec.steps}, loss {loss:.6g}, {rate:.1f} steps/s")
            told = now
    trained = time.perf_counter()
    progress = _write_checkpoint(adapter, state, last, spec, folder, ledger)
    timing = {
        "from": start.step,
        "to": last,
        "restore_seconds": restored - began,
        "train_seconds": trained - restored,
        "save_seconds": time.perf_counter() - trained,
        "finished": datetime.now(UTC).isoformat(),
    }
    with (folder / "timing.jsonl").open("a") as file:
        file.write(json.dumps(timing) + "\n")
    return progress


def _restore(adapter: Adapter, start: Progress, spec: Spec, folder: Path) -> Any:
    path = folder / "checkpoints" / checkpoint.file_name(start.step)
    return adapter.restore(checkpoint.load(path, start.state, spec.threads), start.step)


def _write_checkpoint(
    adapter: Adapter, state: Any, step: int, spec: Spec, folder: Path, ledger: Writer
) -> Progress:
    """Put the state on the disk first and into the ledger second: a recorded checkpoint is always there."""
    tensors = adapter.tensors(state)
    digests = rows(tensors, spec.threads)
    checkpoint.save(folder / "checkpoints" / checkpoint.file_name(step), tensors)
    return Progress([], step, ledger.checkpoint(step, digests))


def _conclude(adapter: Adapter, end: Progress, spec: Spec, folder: Path, ledger: Writer) -> None:
    """Export the model, predict and measure from the last checkpoint, and record all of it."""
    state = _restore(adapter, end, spec, folder)
    model = folder / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    adapter.export(state, model)
    files = sorted(path for path in model.rglob("*") if path.is_file())
    ledger.append("model", files={str(path.relative_to(model)): file_digest(path) for path in files})
    predictions = adapter.predict(state)
    tensors = {"predictions": tensor(predictions)}
    checkpoint.save(folder / "predictions.safetensors", tensors)
    ledger.append("predictions", tensors=rows(tensors))
    metrics = adapter.metrics(predictions)
    ledger.append("metrics", values=[[name, float(value).hex()] for name, value in metrics.items()])


def _clear(folder: Path) -> None:
    """Remove what an attempt left that cannot be continued."""
    (folder / "timing.jsonl").unlink(missing_ok=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "checkpoints").mkdir()


def load_recipe(path: Path, spec: Spec) -> type:
    """Load the recipe's class from the very bytes whose digest the spec holds.

    Raises:
        Refused: the file changed since the spec was made, or has no such class.
    """
    source = path.read_bytes()
    if (found := bytes_digest(source)) != spec.recipe_digest:
        raise Refused(
            f"model {spec.model}: the recipe {path} is {found}, but the spec says {spec.recipe_digest}; "
            "run the workflow again"
        )
    name = spec.recipe.rpartition(":")[2]
    namespace: dict[str, Any] = {"__name__": "recipe", "__file__": str(path)}
    exec(compile(source, str(path), "exec"), namespace)  # noqa: S102  running the recipe is the purpose
    if not isinstance(namespace.get(name), type):
        raise Refused(f"model {spec.model}: the recipe {path} has no class {name}")
    recipe: type = namespace[name]
    return recipe


def _measured(arguments: argparse.Namespace) -> None:
    spec = Spec.read(arguments.spec)
    seal.check(spec)
    recipe = load_recipe(arguments.recipe, spec)
    data = load(arguments.data, spec.data_digest)
    seed = secrets.randbits(63) if spec.tier == "unseeded" else spec.seed
    adapter = frameworks.adapter(spec.framework)(spec, seed, recipe, data)
    taken = json.dumps(fingerprint.take(spec, adapter.fingerprint()), indent=2) + "\n"
    (arguments.folder / "fingerprint.json").write_text(taken)
    name = f"{spec.model}, {arguments.folder.name}"
    run(adapter, spec, arguments.folder, report=lambda line: print(f"{name}: {line}", flush=True))
    shutil.rmtree(arguments.folder / "scratch", ignore_errors=True)


def main() -> int:
    """Run a measured process; the command line is the launcher's business, not the user's."""
    parser = argparse.ArgumentParser(prog="python -sP -m samebits.engine", description=__doc__)
    for name in ("spec", "recipe", "data", "folder"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    try:
        _measured(arguments)
    except Refused as refused:
        print(f"samebits: {refused}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(
            f"samebits: the disk of {arguments.folder} is full; free some space and run the workflow again, "
            "it goes on from the last checkpoint",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
