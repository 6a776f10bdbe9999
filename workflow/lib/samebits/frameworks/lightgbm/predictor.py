"""A LightGBM model."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray


class Model:
    """Predicts all rows at once; missing values are NaN."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Load the booster."""
        self.booster = lightgbm.Booster(model_str=(folder / "model" / "model.txt").read_text())
        self._threads = about["spec"]["threads"]
        self._rounds = about["call"]["rounds"]

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the booster predicts."""
        ((_, rows),) = inputs.items()
        return np.asarray(self.booster.predict(rows, num_iteration=self._rounds, num_threads=self._threads))

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the classes' probabilities, if the objective gives them."""
        objective = self.booster.dump_model(num_iteration=1).get("objective", "").split(" ")[0]
        if objective not in ("binary", "multiclass", "multiclassova"):
            raise TypeError(f"the objective {objective} gives no probabilities")
        probabilities = self.predict(inputs)
        return np.stack([1 - probabilities, probabilities], 1) if probabilities.ndim == 1 else probabilities
