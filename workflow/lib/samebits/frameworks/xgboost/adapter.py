"""XGBoost: a recipe is a class with ``params`` and a static method from data to DMatrix.

``params`` are XGBoost's own, without seed, threads and device, which the spec decides.
``datasets(data) -> {"train": DMatrix, "test": DMatrix}`` and ``metrics(predictions, test) -> {name: value}``
are static methods. A step is one boosting round, and its loss is the first evaluation metric on the training
data. Optional are ``objective(predictions, train)`` and ``custom_metric(predictions, dataset)`` as XGBoost
takes them, and ``early_stopping_rounds``, or ``callbacks`` with one ``EarlyStopping``, which watch a third
dataset, ``"valid"``.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from samebits.frameworks.xgboost import matrix
from samebits.frameworks.xgboost.rules import Rules, Scores
from samebits.sealed import adapter
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec


@dataclass
class State:
    """A booster and the step after which it was restored: XGBoost numbers the rounds from there."""

    booster: xgboost.Booster
    first: int


class Adapter(adapter.Adapter):
    """Grows a booster round by round.

    Two things keep state that no saved booster carries (measured on 3.2.0): the samplers of rows and columns,
    and a DMatrix, whose cuts the tree method approx weights by gradients. So each segment begins with a fresh
    booster from the checkpoint's bytes, a seed of its own and fresh matrices.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        if spec.processes != 1:
            raise Refused(
                f"model {spec.model}: processes is {spec.processes}, but the framework xgboost trains in "
                "one; use xgboost_dask"
            )
        self._spec = spec
        self._seed = seed
        self._rules = Rules.read(spec, recipe)
        make = recipe.require("datasets", 'datasets(data) -> {"train": DMatrix, "test": DMatrix}')
        self._datasets: Callable[[], Any] = lambda: make(data)

    def start(self) -> State:
        return self._state(0)

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        return self._state(step, raw_booster(tensors))

    def advance(self, state: State, step: int) -> Advance:
        rules, booster = self._rules, state.booster
        seed_generators(derive(self._seed, "step", step))
        booster.update(self._train, step - 1 - state.first, rules.objective)
        line = booster.eval_set(self._watched, step - 1, rules.custom_metric, rules.objective is not None)
        scores = _parse(line, [name for _, name in self._watched])
        if rules.stopping:
            rules.stopping.observe(booster, scores["valid"])
        return Advance(rules.loss(scores), self._inputs)

    def finished(self, state: State) -> bool:
        return self._rules.stopping is not None and self._rules.stopping.ended(state.booster)

    def tensors(self, state: State) -> dict[str, Tensor]:
        return {"booster": tensor(np.frombuffer(state.booster.save_raw("ubj"), np.uint8))}

    def export(self, state: State, folder: Path) -> None:
        self._rules.best(state.booster).save_model(folder / "model.ubj")

    def predict(self, state: State) -> NDArray[Any]:
        predictions: NDArray[Any] = self._rules.best(state.booster).predict(self._test)
        return predictions

    def inputs(self, state: State) -> Inputs:
        return Inputs({"rows": matrix.dense(self._test)}, {})

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._rules.metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        return build()

    def _state(self, step: int, model: bytearray | None = None) -> State:
        rules, datasets = self._rules, self._datasets()
        self._train, self._test = datasets["train"], datasets["test"]
        self._watched = [(self._train, "train")]
        if rules.stopping:
            self._watched.append((rules.valid(datasets), "valid"))
        self._inputs = inputs_digest(
            {f"{name}.{key}": t for one, name in self._watched for key, t in matrix.contents(one).items()}
        )
        matrices = [one for one, _ in self._watched]
        return State(xgboost.Booster(rules.seeded(self._seed, step), matrices, model), step)


def raw_booster(tensors: dict[str, Tensor]) -> bytearray:
    """Return the bytes of a booster from a state's tensors."""
    return bytearray(tensors["booster"].raw.tobytes())


def seed_generators(seed: int) -> None:
    """Seed what an objective of the recipe's own may draw from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def build() -> dict[str, Any]:
    """Return how XGBoost was built, for the fingerprint; not where it lies, which no bit depends on."""
    info = {key: value for key, value in sorted(xgboost.build_info().items()) if key != "libxgboost"}
    return {"xgboost": {key: _plain(value) for key, value in info.items()}}


def _parse(line: str, names: Iterable[str]) -> Scores:
    r"""Read ``[0]\ttrain-logloss:0.53…\tvalid-logloss:0.6…``, printed with all digits of a double."""
    scores: Scores = {name: {} for name in names}
    for entry in line.split("\t")[1:]:
        key, _, value = entry.rpartition(":")
        name, _, metric = key.partition("-")
        scores[name][metric] = float(value)
    return scores


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
