"""Predictions and metrics: the model's output for the test data, and what its ``test_step`` logs of it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from samebits.frameworks.pytorch import generators, trainer
from samebits.frameworks.pytorch.batches import Source
from samebits.frameworks.pytorch.replica import Replica
from samebits.sealed.adapter import Inputs
from samebits.sealed.errors import Refused
from samebits.sealed.seeds import derive

#: the step that measures, and what Lightning calls the stage and its hooks
_STAGES = {"test_step": ("testing", "on_test"), "validation_step": ("validating", "on_validation")}


def predict(replica: Replica, source: Source, seed: int) -> NDArray[Any]:
    """Return the output for every sample, in order.

    It comes from ``predict_step``, or else from ``forward`` on a batch's first element.

    Raises:
        Refused: the output is no tensor.
    """
    module, outputs = replica.module, []
    for index, batch in _batches(replica, source, seed, "predict"):
        if "predict_step" in replica.hooks:
            output = replica.hooks("predict_step", batch, index)
        else:
            output = module(batch[0] if isinstance(batch, list | tuple) else batch)
        output = replica.precision.convert_output(output)
        if not isinstance(output, torch.Tensor):
            raise Refused(
                f"predictions are a {type(output).__name__}; let predict_step return a tensor, with one row "
                "for each sample"
            )
        outputs.append(output.cpu())
    predictions: NDArray[Any] = torch.cat(outputs).numpy()
    return predictions


def inputs(replica: Replica, source: Source) -> Inputs:
    """Return the first element of every batch, and how the module is called with it.

    Raises:
        Refused: it is no tensor.
    """
    size, parts, rows = source.batch_size, 0, []
    for first in range(0, len(source.dataset), size):
        batch = source.load(np.arange(first, min(first + size, len(source.dataset))))
        parts = len(batch) if isinstance(batch, list | tuple) else 0
        rows.append(batch[0] if parts else batch)
        if not isinstance(rows[-1], torch.Tensor):
            raise Refused(
                f"the model's input is a {type(rows[-1]).__name__}, and a package takes one tensor; let the "
                "first element of a batch be one"
            )
    call = {"batch_size": size, "parts": parts, "step": "predict_step" in replica.hooks}
    return Inputs({"rows": torch.cat(rows).numpy()}, call)


def measured_by(replica: Replica) -> str | None:
    """Return which step of the module measures: test_step, validation_step or none."""
    return next((name for name in _STAGES if name in replica.hooks), None)


def logged(replica: Replica, source: Source, seed: int) -> dict[str, float]:
    """Run the step that measures over the test data, and return what it logged, means over the samples."""
    name = measured_by(replica)
    if name is None:
        return {}
    stage, hook = _STAGES[name]
    at = replica.trainer
    trainer.reset_metrics(replica.module)
    at.begin(stage)
    for event in ("start", "epoch_start"):
        replica.hooks(f"{hook}_{event}")
    with torch.no_grad():
        for index, batch in _batches(replica, source, seed, "test"):
            replica.hooks(name, batch, index)
        at.batch(1)
        for event in ("epoch_end", "end"):
            replica.hooks(f"{hook}_{event}")
    return at.end()


def _batches(replica: Replica, source: Source, seed: int, purpose: str) -> Any:
    """Yield the index and the batches of the test data, in order, each from generators seeded for it."""
    length = len(source.dataset)
    module = replica.module.eval()
    with torch.no_grad():
        for index, first in enumerate(range(0, length, source.batch_size)):
            rows = np.arange(first, min(first + source.batch_size, length))
            generators.seed(derive(seed, purpose, index))
            replica.trainer.batch(len(rows))
            with replica.precision.forward_context():
                yield index, replica.deliver(source.load(rows))
    module.train()
