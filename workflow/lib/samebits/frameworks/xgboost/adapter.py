"""XGBoost: a recipe is a class with ``params`` and a static method from data to DMatrix.

``params`` are XGBoost's own, without seed, threads and device, which the spec decides.
``datasets(data) -> {"train": DMatrix, "test": DMatrix}`` and ``metrics(predictions, test) -> {name: value}``
are static methods. A step is one boosting round, and its loss is the first evaluation metric on the training
data. Optional are ``objective(predictions, train)`` and ``custom_metric(predictions, dataset)`` as XGBoost
takes them, and ``early_stopping_rounds``, or ``callbacks`` with one ``EarlyStopping``, which watch a third
dataset, ``"valid"``.
"""

import ast
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from samebits.sealed import adapter
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least

#: XGBoost's parameters that the spec decides -> the key of the config to use instead
_OURS = {
    "seed": "seed",
    "random_state": "seed",
    "nthread": "threads",
    "n_jobs": "threads",
    "device": "device",
    "seed_per_iteration": "seed",
}

#: metrics that are better the greater they are, as XGBoost's own EarlyStopping has them
_GREATER_IS_BETTER = ("auc", "aucpr", "pre", "map", "ndcg")

#: dataset -> metric -> value, each in XGBoost's order
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Stopping:
    """XGBoost's rule of early stopping, as a function of the booster alone.

    XGBoost's own callback counts in an object that no checkpoint holds. Here the best score and its round are
    attributes of the booster, under XGBoost's names, so a restored state stops where an untouched one does.

    Attributes:
        rounds: how many rounds without a better score end the training.
        metric: which metric of the validation data is watched; the last one if None.
        maximize: whether greater is better; by the metric's name if None.
        least: by how much a score must be better to count.
    """

    rounds: int
    metric: str | None = None
    maximize: bool | None = None
    least: float = 0.0

    def observe(self, booster: xgboost.Booster, scores: dict[str, float]) -> None:
        """Note the scores of the round that the booster has just grown."""
        name = self.metric or list(scores)[-1]
        if name not in scores:
            raise Refused(f"early stopping watches {name!r}, but the metrics are {', '.join(scores)}")
        score, best = scores[name], booster.attr("best_score")
        if best is None or self._better(name, score, float(best)):
            last = booster.num_boosted_rounds() - 1
            booster.set_attr(best_score=repr(float(score)), best_iteration=str(last))

    def ended(self, booster: xgboost.Booster) -> bool:
        """Tell whether the best round is long enough ago."""
        best = booster.attr("best_iteration")
        return best is not None and booster.num_boosted_rounds() - 1 - int(best) >= self.rounds

    def _better(self, name: str, score: float, best: float) -> bool:
        maximize = self.maximize
        if maximize is None:
            maximize = name != "mape" and name.startswith(_GREATER_IS_BETTER)
        return score - self.least > best if maximize else best - self.least > score


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
        said = booster.eval_set(self._watched, step - 1, rules.custom_metric, rules.objective is not None)
        scores = _parse(said, [name for _, name in self._watched])
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
        return Inputs({"rows": dense(self._test)}, {})

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
            {f"{name}.{key}": t for matrix, name in self._watched for key, t in contents(matrix).items()}
        )
        matrices = [matrix for matrix, _ in self._watched]
        return State(xgboost.Booster(rules.seeded(self._seed, step), matrices, model), step)


@dataclass(frozen=True)
class Rules:
    """What a recipe says of the training itself, checked.

    Attributes:
        params: XGBoost's parameters, with threads and device.
        objective, custom_metric: functions as XGBoost takes them, or None.
        stopping: when training ends early; None for never.
        metrics: ``metrics(predictions, test) -> {name: value}``.
        model: the model's name, for errors.
    """

    params: dict[str, Any]
    objective: Any
    custom_metric: Any
    stopping: Stopping | None
    metrics: Any
    model: str

    @classmethod
    def read(cls, spec: Spec, recipe: Recipe) -> "Rules":
        """Make the recipe's object and read it.

        Raises:
            Refused: a parameter is the config's, or cannot give what the tier asks for.
        """
        target = recipe.target(**spec.params)
        return cls(
            params=_checked(spec, dict(target.params), recipe),
            objective=recipe.find("objective"),
            custom_metric=recipe.find("custom_metric"),
            stopping=_stopping(spec, target),
            metrics=recipe.require("metrics", "metrics(predictions, test) -> {name: value}"),
            model=spec.model,
        )

    def seeded(self, seed: int, step: int) -> dict[str, Any]:
        """Return the parameters of the segment that begins after ``step``."""
        return {**self.params, "seed": derive(seed, "segment", step) % 2**31}

    def valid(self, datasets: dict[str, Any]) -> Any:
        """Return the dataset that early stopping watches.

        Raises:
            Refused: the recipe gives none.
        """
        if "valid" not in datasets:
            raise Refused(
                f'model {self.model}: early stopping watches the dataset "valid", but the recipe\'s datasets '
                f"are {', '.join(datasets)}; add it"
            )
        return datasets["valid"]

    def loss(self, scores: Scores) -> float:
        """Return the first metric on the training data.

        Raises:
            Refused: there is no metric.
        """
        if not scores["train"]:
            raise Refused(f"model {self.model}: there is no metric to record; set eval_metric in params")
        return next(iter(scores["train"].values()))

    def best(self, booster: xgboost.Booster) -> xgboost.Booster:
        """Return the booster as XGBoost's estimators use it: up to the best round, if it has trees."""
        found = booster.attr("best_iteration")
        if found is None or self.params.get("booster") == "gblinear":
            return booster
        sliced = booster[: int(found) + 1]
        sliced.set_attr(best_iteration=found, best_score=booster.attr("best_score"))
        return sliced


def raw_booster(tensors: dict[str, Tensor]) -> bytearray:
    """Return the bytes of a booster from a state's tensors."""
    return bytearray(tensors["booster"].raw.tobytes())


def contents(matrix: xgboost.DMatrix) -> dict[str, Tensor]:
    """Return what a DMatrix holds, in its order of rows: the matrix in CSR form and all that goes with it."""
    data = matrix.get_data()
    parts = {"indptr": data.indptr, "indices": data.indices, "data": data.data}
    for name in ("label", "weight", "base_margin", "label_lower_bound", "label_upper_bound"):
        parts[name] = matrix.get_float_info(name)
    parts["feature_weights"] = matrix.get_float_info("feature_weights")
    parts["group"] = matrix.get_uint_info("group_ptr")
    parts["feature_types"] = np.frombuffer(",".join(matrix.feature_types or []).encode(), np.uint8)
    return {name: tensor(np.asarray(part)) for name, part in parts.items()}


def dense(matrix: xgboost.DMatrix) -> NDArray[np.float32]:
    """Return the rows of a DMatrix, with NaN where a value is missing."""
    data = matrix.get_data()
    rows = np.full(data.shape, np.nan, np.float32)
    rows[np.repeat(np.arange(data.shape[0]), np.diff(data.indptr)), data.indices] = data.data
    return rows


def seed_generators(seed: int) -> None:
    """Seed what an objective of the recipe's own may draw from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


def build() -> dict[str, Any]:
    """Return how XGBoost was built, for the fingerprint; not where it lies, which no bit depends on."""
    info = {key: value for key, value in sorted(xgboost.build_info().items()) if key != "libxgboost"}
    return {"xgboost": {key: _plain(value) for key, value in info.items()}}


def _parse(said: str, names: Iterable[str]) -> Scores:
    r"""Read ``[0]\ttrain-logloss:0.53…\tvalid-logloss:0.6…``, printed with all digits of a double."""
    scores: Scores = {name: {} for name in names}
    for entry in said.split("\t")[1:]:
        key, _, value = entry.rpartition(":")
        name, _, metric = key.partition("-")
        scores[name][metric] = float(value)
    return scores


def _checked(spec: Spec, params: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    for name in params.keys() & _OURS.keys():
        raise Refused(f"model {spec.model}: the recipe sets {name}; set {_OURS[name]} in the config instead")
    if "early_stopping_rounds" in params:  # XGBoost would ignore it
        raise Refused(
            f"model {spec.model}: early_stopping_rounds is no parameter of XGBoost; make it an attribute of "
            "the recipe beside params"
        )
    if at_least(spec.tier, "deterministic"):
        _refuse_shotgun(spec, params, recipe)
    return {"verbosity": 1, **params, "nthread": spec.threads, "device": spec.device}


def _refuse_shotgun(spec: Spec, params: dict[str, Any], recipe: Recipe) -> None:
    """Refuse the updater that lets threads overwrite each other's weights, also where it is the default."""
    if "shotgun" in str(params.get("updater")):
        said = "updater: shotgun is"
        place = _place(recipe, "shotgun")
    elif params.get("booster") == "gblinear" and "updater" not in params:
        said = "booster: gblinear without an updater takes shotgun, which is"
        place = _place(recipe, "gblinear")
    else:
        return
    raise Refused(
        f"model {spec.model}: {place}: {said} non-deterministic by design; "
        "set updater: coord_descent, or tier: seeded"
    )


def _place(recipe: Recipe, word: str) -> str:
    """Return the line of the recipe's class that holds a word as a string, else one elsewhere in its file."""
    module = ast.parse(recipe.source)
    own = [node for node in module.body if getattr(node, "name", None) == recipe.target.__name__]
    for node in (part for tree in (*own, module) for part in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and word in node.value.split(","):
            return f"{recipe.path.name}, line {node.lineno}"
    return "params in the config"


def _stopping(spec: Spec, target: Any) -> Stopping | None:
    rounds = getattr(target, "early_stopping_rounds", None)
    callbacks = list(getattr(target, "callbacks", None) or [])
    if rounds is None and not callbacks:
        return None
    if rounds is None and [type(callback) for callback in callbacks] == [xgboost.callback.EarlyStopping]:
        (given,) = callbacks
        if given.data in (None, "valid"):
            return Stopping(given.rounds, given.metric_name, given.maximize, given._min_delta)
        raise Refused(
            f'model {spec.model}: EarlyStopping watches {given.data!r}; name the dataset "valid" and leave '
            "out data_name"
        )
    if callbacks:
        raise Refused(
            f"model {spec.model}: callbacks may hold state that no checkpoint has; the recipe may give "
            "either early_stopping_rounds or one EarlyStopping, and no others"
        )
    if not isinstance(rounds, int) or rounds < 1:
        raise Refused(f"model {spec.model}: early_stopping_rounds is {rounds!r}; give a number of at least 1")
    return Stopping(rounds)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
