"""What a recipe of XGBoost says of the training itself: parameters, objective, metrics and early stopping."""

from dataclasses import dataclass
from typing import Any

import xgboost

from samebits.frameworks.xgboost import stopping
from samebits.frameworks.xgboost.stopping import Stopping
from samebits.sealed.errors import Refused
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

#: dataset -> metric -> value, each in XGBoost's order
Scores = dict[str, dict[str, float]]


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
            stopping=stopping.read(spec, target),
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
        iteration = booster.attr("best_iteration")
        if iteration is None or self.params.get("booster") == "gblinear":
            return booster
        sliced = booster[: int(iteration) + 1]
        sliced.set_attr(best_iteration=iteration, best_score=booster.attr("best_score"))
        return sliced


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
        setting = "updater: shotgun is"
        place = recipe.place_of_string("shotgun")
    elif params.get("booster") == "gblinear" and "updater" not in params:
        setting = "booster: gblinear without an updater takes shotgun, which is"
        place = recipe.place_of_string("gblinear")
    else:
        return
    raise Refused(
        f"model {spec.model}: {place or 'params in the config'}: {setting} non-deterministic by design; "
        "set updater: coord_descent, or tier: seeded"
    )
