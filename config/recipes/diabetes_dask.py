"""Gradient-boosted trees on Dask: 442 patients, ten measurements, the progress of diabetes after a year."""

import numpy as np


class DiabetesDask:
    def __init__(self, max_depth=3, eta=0.1, subsample=0.8):
        self.params = {
            "objective": "reg:squarederror",
            "eval_metric": "rmse",
            "tree_method": "hist",
            "max_depth": max_depth,
            "eta": eta,
            "subsample": subsample,
        }

    @staticmethod
    def datasets(data):
        features, progress = data["X"], data["y"]
        test = np.arange(len(progress)) % 5 == 0
        return {
            "train": (features[~test], progress[~test]),  # cut into one share a worker
            "test": (features[test], progress[test]),
        }

    @staticmethod
    def metrics(predictions, test):
        progress = test[1]
        errors = (predictions - progress) ** 2
        spread = (progress - progress.mean()) ** 2
        return {"r2": 1 - errors.sum() / spread.sum(), "rmse": np.sqrt(errors.mean())}
