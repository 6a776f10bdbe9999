"""Runs made without training, for what only reads them: given losses, and one weight that follows them."""

import json

import numpy as np

from samebits.proof import verdict
from samebits.proof.compare import compare
from samebits.sealed import checkpoint
from samebits.sealed.digest import file_digest, rows, tensor
from samebits.sealed.ledger import Writer
from samebits.sealed.spec import Spec


def train(folder, losses, run, fault=None, seed=0):
    """Write a run without training: a ledger with these losses, and one weight that follows them."""
    spec = Spec(
        model=folder.name,
        framework="pytorch",
        recipe="net.py:Net",
        recipe_digest="sha256:" + "1" * 64,
        params={"lr": 0.1, "name": "<b>bold</b>"},
        options={},
        data="sklearn:digits",
        data_digest="sha256:" + "2" * 64,
        steps=len(losses),
        segments=2,
        seed=seed,
        tier="deterministic",
        processes=1,
        threads=1,
        device="cpu",
        environment="pytorch-cpu",
        environment_digest="sha256:" + "3" * 64,
        library_digest="sha256:" + "4" * 64,
    )
    run = folder / run
    (run / "checkpoints").mkdir(parents=True)
    (run / "model").mkdir()
    ledger = Writer(run)
    ledger.spec(spec)
    for step in range(len(losses) + 1):
        if step:
            loss = losses[step - 1] + (1e-9 if fault is not None and step >= fault else 0)
            ledger.step(step, loss, "blake3-state1:" + "5" * 64)
        if step in spec.boundaries:
            state = {"weight": tensor(np.full(3, step + (fault is not None and step >= fault), np.float32))}
            checkpoint.save(run / "checkpoints" / checkpoint.file_name(step), state)
            ledger.checkpoint(step, rows(state))
    checkpoint.save(run / "model" / "model.safetensors", state)
    ledger.append("model", files={"model.safetensors": file_digest(run / "model" / "model.safetensors")})
    predictions = {"predictions": tensor(np.zeros((4, 2), np.float32))}
    checkpoint.save(run / "predictions.safetensors", predictions)
    ledger.append("predictions", tensors=rows(predictions))
    ledger.append("metrics", values=[["accuracy", (0.75).hex()]])
    ledger.finish()
    taken = {"cpu": {"model": "A & B", "isa": "x86-64-v4"}, "libraries": {"torch": "2.13.0"}, "threads": 1}
    (run / "fingerprint.json").write_text(json.dumps(taken))
    segment = {
        "from": 0,
        "to": len(losses),
        "train_seconds": 2.0,
        "save_seconds": 0.1,
        "restore_seconds": 0.1,
        "finished": "2026-01-01T00:00:00+00:00",
    }
    (run / "timing.jsonl").write_text(json.dumps(segment) + "\n")


def finish(folder):
    verdict.write(compare(sorted(folder.glob("run-*"))), folder / "verdict.json")
