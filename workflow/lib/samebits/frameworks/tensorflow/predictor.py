"""A Keras model on TensorFlow: its description in JSON, its weights, and the recipe for its own classes."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from safetensors.tensorflow import load_file
from tensorflow.python.eager import context

from . import switches


class Model:
    """Predicts batch by batch, as many samples at a time as when the test data was predicted."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Make the model and load its weights; draws nothing from the process' own generators.

        TensorFlow lets threads be set only before it computes anything; load this package first.
        """
        spec = about["spec"]
        self._batch, self._nest = about["call"]["batch_size"], about["call"]["nest"]
        self._pinned = tuple(spec[key] for key in ("tier", "threads", "device"))
        file = spec["recipe"].partition(":")[0]
        path = folder / "materials" / file
        recipe: dict[str, Any] = {"__name__": "recipe", "__file__": str(path)}
        with switches.thrown(*self._pinned), _generators_kept():
            exec(compile(path.read_bytes(), str(path), "exec"), recipe)  # noqa: S102  it registers its classes
            own = {name: value for name, value in recipe.items() if isinstance(value, type)}
            with keras.utils.custom_object_scope(own):
                self.model = keras.models.model_from_json((folder / "model" / "model.json").read_text())
            if about["call"]["build"]:
                self.model.build(about["call"]["build"])
            for name, values in load_file(folder / "model" / "model.safetensors").items():
                self.model.weights[int(name.partition(".")[0])].assign(values)
        self._probabilities = recipe.get("probabilities")

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the model's outputs."""
        length = len(next(iter(inputs.values())))
        outputs = []
        with switches.thrown(*self._pinned):
            for first in range(0, length, self._batch):
                cut = {name: rows[first : first + self._batch] for name, rows in inputs.items()}
                outputs.append(self.model.predict_on_batch(self._nested(cut)))
        return np.concatenate(outputs)

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the recipe's ``probabilities`` makes of the outputs."""
        if self._probabilities is None:
            raise TypeError("the recipe has no probabilities(outputs), which would say what outputs mean")
        outputs = self.predict(inputs)
        with switches.thrown(*self._pinned):
            return np.asarray(self._probabilities(outputs))

    def _nested(self, arrays: dict[str, NDArray[Any]]) -> Any:
        if self._nest == "one":
            return next(iter(arrays.values()))
        return arrays if self._nest == "dict" else [arrays[name] for name in sorted(arrays, key=int)]


@contextlib.contextmanager
def _generators_kept() -> Iterator[None]:
    """Seed TensorFlow if nobody has, as op determinism asks for, and leave all generators as they were.

    What is drawn here does not matter: weights are loaded afterwards.
    """
    python, seed = random.getstate(), context.global_seed()
    if seed is None:
        tf.random.set_seed(0)
    try:
        yield
    finally:
        random.setstate(python)
        if seed is None:
            tf.random.set_seed(None)
