"""All that a step of Keras changes: a model's variables, its optimizers' and its generators."""

from typing import Any

import keras
import tensorflow as tf
from keras.src.random.seed_generator import global_seed_generator
from numpy.typing import NDArray

from samebits.sealed.digest import DTYPES, Tensor


def generators(model: keras.Model) -> list[Any]:
    """Return Keras' generators: the global one, then those that layers hold, also untracked ones."""
    by_id = {id(generator := global_seed_generator()): generator}
    for layer in model._flatten_layers():
        for held in vars(layer).values():
            values = held.values() if isinstance(held, dict) else held if isinstance(held, list) else [held]
            for value in values:
                if isinstance(value, keras.random.SeedGenerator):
                    by_id.setdefault(id(value), value)
    return list(by_id.values())


def optimizers(model: keras.Model) -> list[Any]:
    """Return a model's optimizers; one with a ``train_step`` of its own may have several."""
    return [value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)]


def by_place(model: keras.Model) -> dict[str, Any]:
    """Return everything that a step changes, by position: paths count what the process made before.

    Metrics are left out: ``train_on_batch`` begins by resetting them.
    """
    groups = {"model": model.variables}
    for index, optimizer in enumerate(optimizers(model)):
        groups[f"optimizer.{index}" if index else "optimizer"] = optimizer.variables
    return {
        f"state.{group}.{i}.{v.name}": v
        for group, variables in groups.items()
        for i, v in enumerate(variables)
    }


def finalize(model: keras.Model) -> None:
    """End training as ``fit`` does: an optimizer that averages weights puts the average in their place."""
    for optimizer in optimizers(model):
        optimizer.finalize_variable_values(model.trainable_variables)


def as_array(variable: Any) -> NDArray[Any]:
    """Return a variable's value."""
    array: NDArray[Any] = variable.value.numpy()
    return array


def from_tensor(value: Tensor) -> NDArray[Any]:
    """Return a tensor of a state as a value for a variable."""
    dtype = tf.as_dtype(DTYPES[value.dtype]).as_numpy_dtype  # NumPy itself has no bfloat16
    array: NDArray[Any] = value.raw.view(dtype).reshape(value.shape)
    return array
