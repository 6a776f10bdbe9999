"""TensorFlow: a recipe is a function, or a class, that returns a compiled ``keras.Model`` from ``params``.

Beside it stand ``datasets(data) -> {"train": (x, y), "test": (x, y)}`` and
``metrics(predictions, test) -> {name: value}``, and ``batch_size`` where it is not Keras' own 32. ``x`` and
``y`` are arrays, or dicts, lists or tuples of arrays; a third element holds sample weights. A step is one
``train_on_batch``.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.random.seed_generator import global_seed_generator
from numpy.typing import NDArray
from tensorflow.python.framework import op_callbacks

from samebits.frameworks.tensorflow import keras_state, samples, switches
from samebits.frameworks.tensorflow.watch import Watch
from samebits.sealed import adapter, checkpoint
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least

_BATCH_SIZE = 32  # what keras.Model.fit takes without one

#: colours, and the names of nodes and devices, in TensorFlow's messages
_MARKUP = re.compile(r"\x1b\[\d*m|\{\{.*?\}\}|\bname: *$")


class Adapter(adapter.Adapter):
    """Trains a model step by step, every step from generators seeded for it alone.

    The state is the model. Every state is built anew, so that no graph, kernel or generator of a segment
    reaches the next.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        self._spec = spec
        self._seed = seed
        self._recipe = recipe
        _throw_switches(spec)
        datasets = recipe.require("datasets", samples.FORM)(data)
        self._train, self._test = (samples.dataset(spec, name, datasets) for name in ("train", "test"))
        self._metrics = recipe.require("metrics", "metrics(predictions, test) -> {name: value}")
        self._batch_size = recipe.find("batch_size") or _BATCH_SIZE
        self._watch = Watch(recipe)

    def start(self) -> keras.Model:
        return self._build()

    def restore(self, tensors: dict[str, Tensor], step: int) -> keras.Model:
        model = self._build()
        for name, variable in keras_state.by_place(model).items():
            variable.assign(keras_state.from_tensor(tensors[name]))
        # TensorFlow's own operators keep their place in a stream inside a graph's kernels, so they are seeded
        # by the segment; seeding them by the step would also throw the graph away (0.5 s a step).
        switches.seed(derive(self._seed, "segment", step))
        return model

    def advance(self, state: keras.Model, step: int) -> Advance:
        batch = self._batch(step)
        inputs = inputs_digest({path: tensor(leaf) for path, leaf in samples.arrays(batch).items()})
        seed = derive(self._seed, "step", step)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        for index, generator in enumerate(keras_state.generators(state)):
            # its own seed counts where the recipe gave it one
            own = derive(seed, "generator", index, generator.get_config()["seed"] or 0)
            generator.state.value.assign([own % 2**31, 0])
        x, y, weights = (*batch, None, None)[:3]
        op_callbacks.add_op_callback(self._watch)
        try:
            with self._telling_the_line():
                logs = state.train_on_batch(x, y, weights, return_dict=True)
        finally:
            op_callbacks.remove_op_callback(self._watch)
        self._refuse_unpinned(state)
        if not (isinstance(logs, dict) and "loss" in logs):
            raise Refused(f"model {self._spec.model}: the recipe's train_step returns no 'loss'; add it")
        return Advance(float(logs["loss"]), inputs)

    def tensors(self, state: keras.Model) -> dict[str, Tensor]:
        if changed := switches.changed(self._spec.threads):
            raise Refused(f"model {self._spec.model}: the recipe {changed}")
        variables = keras_state.by_place(state).items()
        return {name: tensor(keras_state.as_array(variable)) for name, variable in variables}

    def export(self, state: keras.Model, folder: Path) -> None:
        keras_state.finalize(state)
        (folder / "model.json").write_text(state.to_json() + "\n")
        weights = {f"{i}.{v.name}": tensor(keras_state.as_array(v)) for i, v in enumerate(state.weights)}
        checkpoint.save(folder / "model.safetensors", weights)

    def predict(self, state: keras.Model) -> NDArray[Any]:
        keras_state.finalize(state)
        outputs = []
        for first in range(0, samples.length(self._test), self._batch_size):
            rows = slice(first, first + self._batch_size)
            outputs.append(state.predict_on_batch(samples.take(self._test[0], rows)))
        if not isinstance(outputs[0], np.ndarray):
            raise Refused(
                f"model {self._spec.model}: the model gives several outputs, but predictions are one array; "
                "end it with keras.layers.Concatenate"
            )
        predictions: NDArray[Any] = np.concatenate(outputs)
        return predictions

    def inputs(self, state: keras.Model) -> Inputs:
        features = self._test[0]
        nest = "one" if isinstance(features, np.ndarray) else "dict" if isinstance(features, dict) else "list"
        arrays = {"rows": features} if nest == "one" else samples.arrays(features)
        built = nest == "one" and not keras.models.model_from_json(state.to_json()).built
        call = {
            "batch_size": self._batch_size,
            "nest": nest,
            "build": [None, *features.shape[1:]] if built else None,
        }
        return Inputs(arrays, call)

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        build = {key: _plain(value) for key, value in sorted(tf.sysconfig.get_build_info().items())}
        fields = {"tensorflow": build, "backend": keras.backend.backend()}
        if self._spec.device == "cuda":
            gpu = tf.config.list_physical_devices("GPU")[0]
            fields["gpu"] = tf.config.experimental.get_device_details(gpu).get("device_name", "")
        return fields

    def _build(self) -> keras.Model:
        """Make the model with all its variables, those of the optimizer too."""
        policy = keras.config.dtype_policy()
        keras.utils.clear_session()  # or layers are named by how many the process made before
        keras.config.set_dtype_policy(policy)
        seed = derive(self._seed, "start")
        keras.utils.set_random_seed(seed % 2**32)
        global_seed_generator()  # made now, so that every traced step uses this one
        model = self._recipe.target(**self._spec.params)
        if not (isinstance(model, keras.Model) and model.compiled):
            raise self._refused("returns no compiled keras.Model; call its compile() and return it")
        if not model.built:
            with self._telling_the_line():
                model(samples.take(self._train[0], slice(1)))
        for optimizer in keras_state.optimizers(model):
            if optimizer is model.optimizer and not optimizer.built:
                optimizer.build(model.trainable_variables)
            if not optimizer.built:
                raise self._refused(f"leaves its {optimizer.name} unbuilt; call its build(variables)")
        self._check_export(model)
        return model

    def _check_export(self, model: keras.Model) -> None:
        """Refuse before the first step what could not be written after the last."""
        try:
            text = model.to_json()
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise self._refused(
                f"returns a model that JSON cannot hold ({reason}); give its classes a get_config"
            ) from None
        if '"__lambda__"' in text:
            raise self._refused(
                "has a Lambda layer with a Python lambda, which only pickled code could store; write a class"
            )

    def _refused(self, problem: str) -> Refused:
        return Refused(f"model {self._spec.model}: the recipe {self._spec.recipe} {problem}")

    def _batch(self, step: int) -> Any:
        """Return the batch of ``step``; an epoch's last may be shorter."""
        size, length = self._batch_size, samples.length(self._train)
        epoch, index = divmod(step - 1, -(-length // size))
        return samples.take(
            self._train, samples.order(self._seed, length, epoch)[index * size : (index + 1) * size]
        )

    def _refuse_unpinned(self, model: keras.Model) -> None:
        """Refuse a step that draws from or writes to what is not pinned; known once it was traced."""
        if at_least(self._spec.tier, "deterministic") and self._watch.racy:
            operator, place = self._watch.racy
            raise Refused(self._non_deterministic(f"{operator} with weights adds up in any order", place))
        pinned = [*keras_state.by_place(model).values(), *model.metrics_variables]
        pinned += [generator.state for generator in keras_state.generators(model)]
        handles = {id(variable.value.handle) for variable in pinned}
        for handle, operator, place in self._watch.writes():
            if id(handle) not in handles:
                raise self._refused(
                    f"changes a variable that is no part of the model ({operator}, {place}); "
                    "make it a weight of a layer"
                )

    @contextmanager
    def _telling_the_line(self) -> Iterator[None]:
        """Turn TensorFlow's error about an operator that op determinism forbids into one line."""
        try:
            yield
        except Exception as error:
            if "determinis" not in str(error):
                raise
            raise Refused(self._non_deterministic(str(error), self._place(error))) from None

    def _non_deterministic(self, problem: str, place: str) -> str:
        lines = [" ".join(_MARKUP.sub("", line).split()) for line in problem.split("\n")]
        line = next((line for line in lines if "determinis" in line), lines[0])
        return f"model {self._spec.model}: {place}: {line}; use another operator, or tier: seeded"

    def _place(self, error: BaseException) -> str:
        """Return the recipe's line of an error, which TensorFlow may tell only in its message."""
        recipe = self._recipe
        return recipe.place(error) or recipe.place_named_in(str(error)) or recipe.path.name


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)


def _throw_switches(spec: Spec) -> None:
    if spec.device == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise Refused(f"model {spec.model}: device is cuda, but TensorFlow sees no GPU; set device: cpu")
    try:
        switches.throw(spec.tier, spec.threads, spec.device)
    except ValueError as error:
        raise Refused(f"model {spec.model}: {error}") from None
