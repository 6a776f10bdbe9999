"""An XGBoost model: a booster, grown in one process or on Dask."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray


class Model:
    """Predicts all rows at once; missing values are NaN."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Load the booster."""
        self.booster = xgboost.Booster({"nthread": about["spec"]["threads"]})
        self.booster.load_model(folder / "model" / "model.ubj")
        self._threads = about["spec"]["threads"]
        learner = json.loads(self.booster.save_config())["learner"]
        self._objective = learner["objective"]["name"]

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the booster predicts."""
        ((_, rows),) = inputs.items()
        matrix = xgboost.DMatrix(
            rows,
            nthread=self._threads,
            feature_names=self.booster.feature_names,
            feature_types=self.booster.feature_types,
            enable_categorical=True,
        )
        return np.asarray(self.booster.predict(matrix))

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the classes' probabilities, if the objective gives them."""
        if self._objective not in ("binary:logistic", "multi:softprob"):
            raise TypeError(f"the objective {self._objective} gives no probabilities")
        probabilities = self.predict(inputs)
        return np.stack([1 - probabilities, probabilities], 1) if probabilities.ndim == 1 else probabilities
