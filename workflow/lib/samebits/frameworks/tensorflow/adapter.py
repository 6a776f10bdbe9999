"""TensorFlow: a recipe is a function, or a class, that returns a compiled ``keras.Model`` from ``params``.

Beside it stand ``datasets(data) -> {"train": (x, y), "test": (x, y)}`` and
``metrics(predictions, test) -> {name: value}``, and ``batch_size`` where it is not Keras' own 32. ``x`` and
``y`` are arrays, or dicts, lists or tuples of arrays; a third element holds sample weights. A step is one
``train_on_batch``.
"""

import random
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.random.seed_generator import global_seed_generator
from numpy.typing import NDArray
from tensorflow.python.framework import op_callbacks

from samebits.sealed import adapter, checkpoint
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import DTYPES, Tensor, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive, permutation
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least

_DATASETS = 'datasets(data) -> {"train": (x, y), "test": (x, y)}'
_BATCH_SIZE = 32  # what keras.Model.fit takes without one

#: colours, and the names of nodes and devices, in TensorFlow's messages
_MARKUP = re.compile(r"\x1b\[\d*m|\{\{.*?\}\}|\bname: *$")

#: operators that change a resource, by the first words of their types
_WRITES = ("Assign", "ResourceApply", "ResourceScatter", "ResourceStridedSliceAssign", "Stateful", "Rng")


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
        datasets = recipe.require("datasets", _DATASETS)(data)
        self._train, self._test = (_dataset(spec, name, datasets) for name in ("train", "test"))
        self._metrics = recipe.require("metrics", "metrics(predictions, test) -> {name: value}")
        self._batch_size = recipe.find("batch_size") or _BATCH_SIZE
        self._watch = _Watch(recipe.path)

    def start(self) -> keras.Model:
        return self._build()

    def restore(self, tensors: dict[str, Tensor], step: int) -> keras.Model:
        model = self._build()
        for name, variable in _variables(model).items():
            variable.assign(_from_tensor(tensors[name]))
        # TensorFlow's own operators keep their place in a stream inside a graph's kernels, so they are seeded
        # by the segment; seeding them by the step would also throw the graph away (0.5 s a step).
        tf.random.set_seed(derive(self._seed, "segment", step))
        return model

    def advance(self, state: keras.Model, step: int) -> Advance:
        batch = self._batch(step)
        inputs = inputs_digest({path: tensor(leaf) for path, leaf in _arrays(batch).items()})
        seed = derive(self._seed, "step", step)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        for index, generator in enumerate(_generators(state)):
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
        self._judge(state)
        if not (isinstance(logs, dict) and "loss" in logs):
            raise Refused(f"model {self._spec.model}: the recipe's train_step returns no 'loss'; add it")
        return Advance(float(logs["loss"]), inputs)

    def tensors(self, state: keras.Model) -> dict[str, Tensor]:
        found = tf.config.threading.get_intra_op_parallelism_threads()
        if found != self._spec.threads:
            raise Refused(
                f"model {self._spec.model}: the recipe changed TensorFlow's threads to {found}; "
                "set threads in the config instead"
            )
        return {name: tensor(_array(variable)) for name, variable in _variables(state).items()}

    def export(self, state: keras.Model, folder: Path) -> None:
        _finalize(state)
        (folder / "model.json").write_text(state.to_json() + "\n")
        weights = {f"{i}.{v.name}": tensor(_array(v)) for i, v in enumerate(state.weights)}
        checkpoint.save(folder / "model.safetensors", weights)

    def predict(self, state: keras.Model) -> NDArray[Any]:
        _finalize(state)
        outputs = []
        for first in range(0, _length(self._test), self._batch_size):
            rows = slice(first, first + self._batch_size)
            outputs.append(state.predict_on_batch(_take(self._test[0], rows)))
        if not isinstance(outputs[0], np.ndarray):
            raise Refused(
                f"model {self._spec.model}: the model gives several outputs, but predictions are one array; "
                "end it with keras.layers.Concatenate"
            )
        predictions: NDArray[Any] = np.concatenate(outputs)
        return predictions

    def inputs(self, state: keras.Model) -> Inputs:
        given = self._test[0]
        nest = "one" if isinstance(given, np.ndarray) else "dict" if isinstance(given, dict) else "list"
        arrays = {"rows": given} if nest == "one" else _arrays(given)
        built = nest == "one" and not keras.models.model_from_json(state.to_json()).built
        call = {
            "batch_size": self._batch_size,
            "nest": nest,
            "build": [None, *given.shape[1:]] if built else None,
        }
        return Inputs(arrays, call)

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        build = {key: _plain(value) for key, value in sorted(tf.sysconfig.get_build_info().items())}
        found = {"tensorflow": build, "backend": keras.backend.backend()}
        if self._spec.device == "cuda":
            gpu = tf.config.list_physical_devices("GPU")[0]
            found["gpu"] = tf.config.experimental.get_device_details(gpu).get("device_name", "")
        return found

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
                model(_take(self._train[0], slice(1)))
        for optimizer in _optimizers(model):
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
        size, length = self._batch_size, _length(self._train)
        epoch, index = divmod(step - 1, -(-length // size))
        return _take(self._train, _order(self._seed, length, epoch)[index * size : (index + 1) * size])

    def _judge(self, model: keras.Model) -> None:
        """Refuse a step that draws from or writes to what is not pinned; known once it was traced."""
        if at_least(self._spec.tier, "deterministic") and self._watch.racy:
            operator, place = self._watch.racy
            raise Refused(self._non_deterministic(f"{operator} with weights adds up in any order", place))
        known = [*_variables(model).values(), *model.metrics_variables]
        known += [generator.state for generator in _generators(model)]
        handles = {id(variable.value.handle) for variable in known}
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
        if place := self._recipe.place(error):
            return place
        lines = re.findall(rf'File "{re.escape(str(self._recipe.path))}", line (\d+)', str(error))
        return f"{self._recipe.path.name}, line {lines[-1]}" if lines else self._recipe.path.name


class _Watch:
    """Sees every operator as it is traced, or executed eagerly, and notes what a state does not account for.

    Attributes:
        racy: an operator that gives other bits on other runs although TensorFlow lets it pass, and its place.
    """

    def __init__(self, recipe: Path):
        self._recipe = recipe
        self.racy: tuple[str, str] | None = None
        self._writes: list[tuple[Any, str, str]] = []

    def __call__(
        self, operator: str, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        """Be told of an operator, as ``tensorflow.python.framework.op_callbacks`` calls it."""
        # Threads add their shares of a weighted histogram as they finish, also with op determinism: measured
        # on 2.21.0, up to 11 results in 12 calls. A matrix is summed row by row, in order.
        if operator in ("Bincount", "DenseBincount") and inputs[0].shape.rank != 2:
            if inputs[2].shape.num_elements() != 0:
                self.racy = self.racy or (operator, self._place())
        elif operator.startswith(_WRITES) and inputs and inputs[0].dtype == tf.resource:
            self._writes.append((inputs[0], operator, self._place()))

    def writes(self) -> Iterator[tuple[Any, str, str]]:
        """Yield the handle of every resource written to since the last call, the operator, its place."""
        noted, self._writes = self._writes, []
        for handle, operator, place in noted:
            yield _captured(handle), operator, place

    def _place(self) -> str:
        frame: FrameType | None = sys._getframe(2)
        while frame and frame.f_code.co_filename != str(self._recipe):
            frame = frame.f_back
        return f"{self._recipe.name}, line {frame.f_lineno}" if frame else self._recipe.name


def _captured(tensor: Any) -> Any:
    """Return what a graph's placeholder stands for, through all graphs around it."""
    while not hasattr(tensor, "numpy"):
        outer = [external for external, internal in tensor.graph.captures if internal is tensor]
        if not outer:
            break
        tensor = outer[0]
    return tensor


def _throw_switches(spec: Spec) -> None:
    if spec.tier == "portable":
        raise Refused(
            f"model {spec.model}: TensorFlow cannot keep the tier portable: its kernels use approximations "
            "(rsqrt, reciprocal) whose bits differ between processors; set tier: deterministic"
        )
    # the setters only speak before anything else touches TensorFlow
    tf.config.threading.set_intra_op_parallelism_threads(spec.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if at_least(spec.tier, "deterministic"):
        tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if spec.device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif not tf.config.list_physical_devices("GPU"):
        raise Refused(f"model {spec.model}: device is cuda, but TensorFlow sees no GPU; set device: cpu")


def _generators(model: keras.Model) -> list[Any]:
    """Return Keras' generators: the global one, then those that layers hold, also untracked ones."""
    found = {id(generator := global_seed_generator()): generator}
    for layer in model._flatten_layers():
        for held in vars(layer).values():
            values = held.values() if isinstance(held, dict) else held if isinstance(held, list) else [held]
            for value in values:
                if isinstance(value, keras.random.SeedGenerator):
                    found.setdefault(id(value), value)
    return list(found.values())


def _optimizers(model: keras.Model) -> list[Any]:
    """Return a model's optimizers; one with a ``train_step`` of its own may have several."""
    return [value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)]


def _variables(model: keras.Model) -> dict[str, Any]:
    """Return everything that a step changes, by position: paths count what the process made before.

    Metrics are left out: ``train_on_batch`` begins by resetting them.
    """
    groups = {"model": model.variables}
    for index, optimizer in enumerate(_optimizers(model)):
        groups[f"optimizer.{index}" if index else "optimizer"] = optimizer.variables
    return {f"state.{group}.{i}.{v.name}": v for group, found in groups.items() for i, v in enumerate(found)}


def _finalize(model: keras.Model) -> None:
    """End training as ``fit`` does: an optimizer that averages weights puts the average in their place."""
    for optimizer in _optimizers(model):
        optimizer.finalize_variable_values(model.trainable_variables)


def _array(variable: Any) -> NDArray[Any]:
    array: NDArray[Any] = variable.value.numpy()
    return array


def _from_tensor(value: Tensor) -> NDArray[Any]:
    dtype = tf.as_dtype(DTYPES[value.dtype]).as_numpy_dtype  # NumPy itself has no bfloat16
    array: NDArray[Any] = value.raw.view(dtype).reshape(value.shape)
    return array


def _dataset(spec: Spec, name: str, datasets: Any) -> Any:
    """Return one of the recipe's data sets, every leaf an array of numbers with one row a sample."""
    part = datasets.get(name) if isinstance(datasets, dict) else None
    if not (isinstance(part, tuple) and 1 <= len(part) <= 3):
        raise Refused(f"model {spec.model}: the recipe's {name} data is no tuple; write {_DATASETS}")
    part = keras.tree.map_structure(lambda a: None if a is None else np.asarray(a), part)
    leaves = _arrays(part)
    if any(leaf.dtype.kind not in "biufV" for leaf in leaves.values()):
        raise Refused(f"model {spec.model}: the recipe's {name} data is not all numbers; encode text first")
    if len(lengths := {leaf.shape[:1] for leaf in leaves.values()}) != 1 or lengths == {()}:
        raise Refused(f"model {spec.model}: the recipe's {name} arrays differ in their number of samples")
    return part


def _arrays(part: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a data set or batch, by their path in it."""
    found = keras.tree.flatten_with_path(part)
    return {".".join(map(str, path)): leaf for path, leaf in found if leaf is not None}


def _length(part: Any) -> int:
    return len(next(iter(_arrays(part).values())))


def _take(part: Any, rows: NDArray[np.int64] | slice) -> Any:
    return keras.tree.map_structure(lambda a: None if a is None else a[rows], part)


_order = lru_cache(maxsize=1)(permutation)  # the steps of an epoch share it


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
