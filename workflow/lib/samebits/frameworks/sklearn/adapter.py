"""scikit-learn: a recipe is a class or function that returns an estimator or a Pipeline, unmodified.

``datasets(data) -> {"train": (X, y), "test": (X, y)}`` is a function beside it (or a static method); ``y`` is
left out where an estimator needs none. ``metrics(predictions, test) -> {name: value}`` may be, too:
without it the metric is the estimator's own score. The one step is ``fit``.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from skops import io as skops

from samebits.frameworks.sklearn import skops_file, switches
from samebits.sealed import adapter
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import SAFETENSORS_NAMES, Tensor, tensor
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
        switches.throw(spec.tier, spec.threads, spec.device)
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
        raw = skops_file.write(*skops_file.unflatten(tensors))
        # of a checkpoint whose digest was checked, and which was written from the spec's own estimator
        return State(skops.loads(raw, trusted=skops.get_untrusted_types(data=raw)))

    def advance(self, state: State, step: int) -> Advance:
        self._seed_generators("step")
        state.estimator.fit(*self._train)
        return Advance(None, inputs_digest(dict(_contents(self._train, "train"))))

    def tensors(self, state: State) -> dict[str, Tensor]:
        return skops_file.flatten(*self._stored(state))

    def export(self, state: State, folder: Path) -> None:
        (folder / "model.skops").write_bytes(skops_file.write(*self._stored(state)))

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
        raw = skops_file.write(*self._stored(state))
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
            return skops_file.take_apart(skops.dumps(state.estimator))
        except (TypeError, ValueError, AttributeError) as error:
            message = " ".join(str(error).split())
            raise Refused(
                f"model {self._spec.model}: the estimator cannot be stored without pickle: {message}"
            ) from None

    def _refused(self, what: str, part: Any) -> Refused:
        """Say what is wrong with an estimator, and in which line of the recipe it is made."""
        name = type(part).__name__
        place = self._recipe.place_of_text(f"{name}(") or self._recipe.path.name
        return Refused(f"model {self._spec.model}: {place}: {name} {what}")

    def _seed_generators(self, purpose: str) -> None:
        """Seed the generators that an estimator without random_state may draw from."""
        seed = derive(self._seed, purpose)
        random.seed(seed)
        np.random.seed(seed % 2**32)


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
