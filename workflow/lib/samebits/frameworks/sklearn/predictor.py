"""A scikit-learn estimator, stored by skops without pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import sklearn  # noqa: F401  what skops loads is of it
import skops.io
from numpy.typing import NDArray

from . import switches


class Model:
    """Predicts all rows at once, with the threads of the training."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Load the estimator; only the types that it was stored with are let in."""
        self._pinned = tuple(about["spec"][key] for key in ("tier", "threads", "device"))
        path = folder / "model" / "model.skops"
        self.estimator = skops.io.load(path, trusted=about["call"]["types"])
        # forests add up their trees' votes in the order in which threads finish
        jobs = [name for name in self.estimator.get_params() if name.endswith("n_jobs")]
        self.estimator.set_params(**dict.fromkeys(jobs, 1))

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the estimator predicts, or what it makes of the rows."""
        ((_, rows),) = inputs.items()
        name = "predict" if hasattr(self.estimator, "predict") else "transform"
        with switches.thrown(*self._pinned):
            return np.asarray(getattr(self.estimator, name)(rows))

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the classes' probabilities, if the estimator gives them."""
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(f"{type(self.estimator).__name__} has no predict_proba")
        ((_, rows),) = inputs.items()
        with switches.thrown(*self._pinned):
            return np.asarray(self.estimator.predict_proba(rows))
