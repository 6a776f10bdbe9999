"""scikit-learn: a recipe is a class or function that returns an estimator or a Pipeline, unmodified.

``datasets(data) -> {"train": (X, y), "test": (X, y)}`` is a function beside it (or a static method); ``y`` is
left out where an estimator needs none. ``metrics(predictions, test) -> {name: value}`` may be, too:
without it the metric is the estimator's own score. The one step is ``fit``.
"""

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from skops import io as skops

from samebits.sealed import adapter, nested
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import SAFETENSORS_NAMES, Tensor, array, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least

#: estimators that add up what their threads found in the order in which these finish (measured on 1.9.1)
_RACY_WITH_THREADS = ("BisectingKMeans", "KMeans")


class State:
    """An estimator, fitted or not."""

    def __init__(self, estimator: Any):
        self.estimator = estimator


class Adapter(adapter.Adapter):
    """Fits an estimator in one step."""

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        if spec.steps != 1:
            raise Refused(
                f"model {spec.model}: an estimator is fitted in one step; take steps out of the config"
            )
        if spec.device != "cpu":
            raise Refused(f"model {spec.model}: scikit-learn computes on the CPU; set device: cpu")
        self._spec = spec
        self._seed = seed
        self._recipe = recipe
        threadpoolctl.threadpool_limits(spec.threads)
        form = 'datasets(data) -> {"train": (X, y), "test": (X, y)}'
        datasets = recipe.require("datasets", form)(data)
        self._train, self._test = datasets["train"], datasets["test"]
        self._metrics = recipe.find("metrics")
        self._score: dict[str, float] = {}

    def start(self) -> State:
        self._seed_generators("start")
        estimator = self._recipe.target(**self._spec.params)
        estimator.set_params(**self._ours(estimator))
        return State(estimator)

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        raw = _zip(*_unflatten(tensors))
        # of a checkpoint whose digest was checked, and which was written from the spec's own estimator
        return State(skops.loads(raw, trusted=skops.get_untrusted_types(data=raw)))

    def advance(self, state: State, step: int) -> Advance:
        self._seed_generators("step")
        state.estimator.fit(*self._train)
        return Advance(None, inputs_digest(dict(_contents(self._train, "train"))))

    def tensors(self, state: State) -> dict[str, Tensor]:
        return _flatten(*self._stored(state))

    def export(self, state: State, folder: Path) -> None:
        (folder / "model.skops").write_bytes(_zip(*self._stored(state)))

    def predict(self, state: State) -> NDArray[Any]:
        estimator = state.estimator
        # forests add up their trees' votes in the order in which threads finish
        jobs = [name for name in estimator.get_params() if name.endswith("n_jobs")]
        estimator.set_params(**dict.fromkeys(jobs, 1))
        features, *labels = self._test
        if hasattr(estimator, "score") and not self._metrics:
            kind = "accuracy" if is_classifier(estimator) else "r2" if is_regressor(estimator) else "score"
            self._score = {kind: float(estimator.score(features, *labels))}
        for name in ("predict", "transform"):
            if hasattr(estimator, name):
                return np.asarray(getattr(estimator, name)(features))
        raise self._refused(
            "has neither predict nor transform, so that there is nothing to compare", estimator
        )

    def inputs(self, state: State) -> Inputs:
        raw = _zip(*self._stored(state))
        rows = adapter.numbers(self._spec, self._test[0])
        return Inputs({"rows": rows}, {"types": skops.get_untrusted_types(data=raw)})

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(predictions, self._test) if self._metrics else self._score
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        kept = ("internal_api", "version", "architecture", "threading_layer", "num_threads")
        pools = [{key: pool.get(key) for key in kept} for pool in threadpoolctl.threadpool_info()]
        return {"pools": {pool["internal_api"]: pool for pool in pools}}

    def _ours(self, estimator: Any) -> dict[str, Any]:
        """Return what the spec decides of the params of an estimator and all inside it."""
        ours: dict[str, Any] = {}
        params = sorted(estimator.get_params().items())
        for _, part in [("", estimator), *params]:
            racy = type(part).__name__ in _RACY_WITH_THREADS and self._spec.threads > 1
            if racy and at_least(self._spec.tier, "deterministic"):
                raise self._refused(
                    "is not deterministic with several threads; set threads: 1, or tier: seeded", part
                )
        for place, (name, value) in enumerate(params):
            owner = estimator.get_params()[name.rpartition("__")[0]] if "__" in name else estimator
            if name.endswith("n_jobs"):
                if value is not None:
                    raise self._refused("sets n_jobs; set threads in the config instead", owner)
                ours[name] = self._spec.threads
            elif name.endswith("random_state"):
                if value is None:
                    ours[name] = derive(self._seed, "random_state", place) % 2**32
                elif not isinstance(value, int):
                    raise self._refused(
                        "has a generator as its random_state; leave it out, or set a number", owner
                    )
        return ours

    def _stored(self, state: State) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Take an estimator apart, without pickle."""
        try:
            return _take_apart(skops.dumps(state.estimator))
        except (TypeError, ValueError, AttributeError) as error:
            said = " ".join(str(error).split())
            raise Refused(
                f"model {self._spec.model}: the estimator cannot be stored without pickle: {said}"
            ) from None

    def _refused(self, what: str, part: Any) -> Refused:
        """Say what is wrong with an estimator, and in which line of the recipe it is made."""
        name = type(part).__name__
        lines = self._recipe.source.decode(errors="replace").splitlines()
        line = next((number for number, text in enumerate(lines, 1) if f"{name}(" in text), None)
        place = f"{self._recipe.path.name}, line {line}" if line else self._recipe.path.name
        return Refused(f"model {self._spec.model}: {place}: {name} {what}")

    def _seed_generators(self, purpose: str) -> None:
        """Seed the generators that an estimator without random_state may draw from."""
        seed = derive(self._seed, purpose)
        random.seed(seed)
        np.random.seed(seed % 2**32)


def _take_apart(raw: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a skops file as its schema and the arrays that the schema names.

    skops names objects and files by where they lie in memory or at random. Here objects are numbered, and an
    array is named by its place in the estimator, such as ``model.steps.1.1.coef_``.
    """
    arrays: dict[str, NDArray[Any]] = {}
    numbers: dict[Any, int] = {}
    names: dict[str, str] = {}
    with ZipFile(io.BytesIO(raw)) as members:

        def rename(node: Any, place: str) -> Any:
            if isinstance(node, list):
                return [rename(item, f"{place}.{index}") for index, item in enumerate(node)]
            if not isinstance(node, dict):
                return node
            if node.get("__module__") == "recipe":
                raise TypeError(f"{node['__class__']} at {place} is the recipe's own; take it from a package")
            found: dict[str, Any] = {}
            for key, value in node.items():
                if key == "__id__":
                    # whether two equal constants are one object is Python's whim
                    constant = node["__loader__"] == "JsonNode"
                    found[key] = numbers.setdefault(len(numbers) if constant else value, len(numbers))
                elif key == "file" and isinstance(value, str):
                    if value not in names:
                        names[value] = f"{place}{Path(value).suffix}"
                        arrays[names[value]] = _read(members, value)
                    found[key] = names[value]
                else:
                    found[key] = rename(value, place if key == "content" else f"{place}.{key}")
            return found

        return rename(json.loads(members.read("schema.json")), "model"), arrays


def _read(members: ZipFile, name: str) -> NDArray[Any]:
    raw = members.read(name)
    if not name.endswith(".npy"):
        return np.frombuffer(raw, np.uint8)
    read: NDArray[Any] = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    if not read.dtype.names:
        return read
    # the nodes of a tree have gaps between their fields, in which anything may stand
    clean = np.zeros(read.shape, read.dtype)
    for field in read.dtype.names:
        clean[field] = read[field]
    return clean


def _zip(schema: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Write a skops file again, with the same bytes for the same content."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as members:
        for name, values in arrays.items():
            file = io.BytesIO()
            if name.endswith(".npy"):
                np.lib.format.write_array(file, values, allow_pickle=False)
            else:
                file.write(values.tobytes())
            members.writestr(ZipInfo(name), file.getvalue())  # ZipInfo's date is 1980
        members.writestr(ZipInfo("schema.json"), json.dumps(schema, indent=2))
    return buffer.getvalue()


def _flatten(schema: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Turn arrays into tensors, those of several fields into one a field; the rest says how to undo it."""
    tensors: dict[str, Tensor] = {}
    types: dict[str, Any] = {}
    for name, values in arrays.items():
        types[name] = json.loads(json.dumps(np.lib.format.dtype_to_descr(values.dtype)))
        for part, field in _parts(name, values.dtype).items():
            one = np.array(values[field] if field else values, order="C")  # keeps a scalar one
            # text has no numbers: bytes along one more axis
            tensors[part] = tensor(
                one if one.dtype.name in SAFETENSORS_NAMES else one[..., None].view(np.uint8)
            )
    return tensors | nested.flatten({"estimator": schema, "types": types}, "model", lambda node: None)


def _unflatten(tensors: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    plain = nested.unflatten(tensors, "model", array)
    arrays = {}
    for name, described in plain["types"].items():
        fields: Any = described if isinstance(described, str) else [tuple(field) for field in described]
        dtype = np.lib.format.descr_to_dtype(fields)
        parts = {field: array(tensors[part]) for part, field in _parts(name, dtype).items()}
        if dtype.names:
            arrays[name] = np.zeros(parts[dtype.names[0]].shape, dtype)
            for field, values in parts.items():
                arrays[name][field] = values
        else:
            plainly = dtype.name in SAFETENSORS_NAMES
            arrays[name] = parts[""] if plainly else parts[""].copy().view(dtype)[..., 0]
    return plain["estimator"], arrays


def _parts(name: str, dtype: np.dtype[Any]) -> dict[str, str]:
    """Return the names of an array's tensors, and the field that each holds; "" for all of the array."""
    place = name.rpartition(".")[0]
    return {f"{place}.{field}": field for field in dtype.names} if dtype.names else {place: ""}


def _contents(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the arrays of a data set, those of a sparse matrix or a table by their parts."""
    if isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from _contents(item, f"{name}.{index}")
    elif hasattr(value, "indptr"):
        for part in ("data", "indices", "indptr"):
            yield f"{name}.{part}", tensor(getattr(value, part))
    else:
        values = np.asarray(value)
        if values.dtype.name not in SAFETENSORS_NAMES:
            values = np.frombuffer(repr(values.tolist()).encode(), np.uint8)
        yield name, tensor(values)
