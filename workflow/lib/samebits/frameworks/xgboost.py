"""XGBoost: a recipe is a class with ``params`` and a static method from data to DMatrix.

``params`` are XGBoost's own, without seed, threads and device, which the spec decides.
``datasets(data) -> {"train": DMatrix, "test": DMatrix}`` and ``metrics(predictions, test) -> {name: value}``
are static methods. A step is one boosting round, and its loss is the first evaluation metric on the training
data.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from samebits import frameworks
from samebits.data import Data
from samebits.digest import Tensor, tensor
from samebits.errors import Refused
from samebits.execution import Execution
from samebits.frameworks import Advance, inputs_digest
from samebits.recipe import Recipe
from samebits.seeds import derive
from samebits.spec import Spec
from samebits.tiers import at_least

#: XGBoost's parameters that the spec decides -> the key of the config to use instead
_OURS = {
    "seed": "seed",
    "random_state": "seed",
    "nthread": "threads",
    "n_jobs": "threads",
    "device": "device",
    "seed_per_iteration": "seed",
}


class Adapter(frameworks.Adapter):
    """Grows a booster round by round.

    The samplers of rows and columns keep state that no saved booster carries (measured on 3.2.0), so each
    segment begins with a fresh booster from the checkpoint's bytes and a seed of its own.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        self._spec = spec
        self._seed = seed
        self._params = _checked(spec, dict(recipe.target(**spec.params).params))
        self._metrics = recipe.require("metrics", "metrics(predictions, test) -> {name: value}")
        datasets = recipe.require("datasets", 'datasets(data) -> {"train": DMatrix, "test": DMatrix}')(data)
        self._train, self._test = datasets["train"], datasets["test"]
        self._inputs = inputs_digest(_contents(self._train))

    def start(self) -> xgboost.Booster:
        return self._booster(0)

    def restore(self, tensors: dict[str, Tensor], step: int) -> xgboost.Booster:
        return self._booster(step, bytearray(tensors["booster"].raw.tobytes()))

    def advance(self, state: xgboost.Booster, step: int) -> Advance:
        state.update(self._train, step - 1)
        # "[0]\ttrain-logloss:0.53…": printed with all digits of a double
        evaluation = state.eval(self._train, "train", step - 1).split("\t")[1]
        return Advance(float(evaluation.rsplit(":", 1)[1]), self._inputs)

    def tensors(self, state: xgboost.Booster) -> dict[str, Tensor]:
        return {"booster": tensor(np.frombuffer(state.save_raw("ubj"), np.uint8))}

    def export(self, state: xgboost.Booster, folder: Path) -> None:
        state.save_model(folder / "model.ubj")

    def predict(self, state: xgboost.Booster) -> NDArray[Any]:
        predictions: NDArray[Any] = state.predict(self._test)
        return predictions

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        return {"xgboost": {key: _plain(value) for key, value in sorted(xgboost.build_info().items())}}

    def _booster(self, step: int, model: bytearray | None = None) -> xgboost.Booster:
        seed = derive(self._seed, "segment", step) % 2**31
        return xgboost.Booster({**self._params, "seed": seed}, [self._train, self._test], model)


def _checked(spec: Spec, params: dict[str, Any]) -> dict[str, Any]:
    for name in params.keys() & _OURS.keys():
        raise Refused(f"model {spec.model}: the recipe sets {name}; set {_OURS[name]} in the config instead")
    if at_least(spec.tier, "deterministic") and "shotgun" in str(params.get("updater")):
        raise Refused(
            f"model {spec.model}: updater shotgun is non-deterministic by design; "
            "use coord_descent, or tier: seeded"
        )
    return {"verbosity": 1, **params, "nthread": spec.threads, "device": spec.device}


def _contents(matrix: xgboost.DMatrix) -> dict[str, Tensor]:
    """Return what a DMatrix holds, in its order of rows: the matrix in CSR form, labels, weights, margins."""
    data = matrix.get_data()
    parts = {
        "indptr": data.indptr,
        "indices": data.indices,
        "data": data.data,
        "label": matrix.get_label(),
        "weight": matrix.get_weight(),
        "base_margin": matrix.get_base_margin(),
        "group": matrix.get_uint_info("group_ptr"),
    }
    return {name: tensor(np.asarray(part)) for name, part in parts.items()}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
