"""A Keras model on TensorFlow: its description in JSON, its weights, and the recipe for its own classes."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from safetensors.tensorflow import load_file


class Model:
    """Predicts batch by batch, as many samples at a time as when the test data was predicted."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Make the model and load its weights.

        TensorFlow lets threads be set only before it computes anything; load this package first.
        """
        spec = about["spec"]
        self._batch, self._nest = about["call"]["batch_size"], about["call"]["nest"]
        for limit, count in (
            (tf.config.threading.set_intra_op_parallelism_threads, spec["threads"]),
            (tf.config.threading.set_inter_op_parallelism_threads, 1),
        ):
            limit(count)
        if spec["tier"] != "seeded":
            tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)
        if spec["device"] == "cpu":
            tf.config.set_visible_devices([], "GPU")
        keras.utils.set_random_seed(0)  # op determinism asks for one; weights are loaded all the same
        file = spec["recipe"].partition(":")[0]
        path = folder / "materials" / file
        recipe: dict[str, Any] = {"__name__": "recipe", "__file__": str(path)}
        exec(compile(path.read_bytes(), str(path), "exec"), recipe)  # noqa: S102  it registers its own classes
        self._probabilities = recipe.get("probabilities")
        own = {name: value for name, value in recipe.items() if isinstance(value, type)}
        with keras.utils.custom_object_scope(own):
            self.model = keras.models.model_from_json((folder / "model" / "model.json").read_text())
        weights = load_file(folder / "model" / "model.safetensors")
        if about["call"]["build"]:
            self.model.build(about["call"]["build"])
        for name, values in weights.items():
            self.model.weights[int(name.partition(".")[0])].assign(values)

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the model's outputs."""
        length = len(next(iter(inputs.values())))
        found = []
        for first in range(0, length, self._batch):
            cut = {name: rows[first : first + self._batch] for name, rows in inputs.items()}
            found.append(self.model.predict_on_batch(self._nested(cut)))
        return np.concatenate(found)

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the recipe's ``probabilities`` makes of the outputs."""
        if self._probabilities is None:
            raise TypeError("the recipe has no probabilities(outputs), which would say what outputs mean")
        return np.asarray(self._probabilities(self.predict(inputs)))

    def _nested(self, arrays: dict[str, NDArray[Any]]) -> Any:
        if self._nest == "one":
            return next(iter(arrays.values()))
        return arrays if self._nest == "dict" else [arrays[name] for name in sorted(arrays, key=int)]
