"""Gradient-boosted trees on the diabetes data: 442 patients, 10 measurements, progression after a year."""

import numpy as np
from lightgbm import Dataset


class DiabetesTrees:
    def __init__(self, num_leaves=7, learning_rate=0.05, feature_fraction=0.8):
        self.params = {
            "objective": "regression",
            "metric": "rmse",
            "num_leaves": num_leaves,
            "learning_rate": learning_rate,
            "feature_fraction": feature_fraction,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
        }

    @staticmethod
    def datasets(data):
        features, progression = data["X"], data["y"]
        test = np.arange(len(progression)) % 5 == 0
        return {
            "train": Dataset(features[~test], progression[~test]),
            "test": (features[test], progression[test]),
        }

    @staticmethod
    def metrics(predictions, test):
        errors = predictions - test[1]
        r2 = 1 - np.sum(errors**2) / np.sum((test[1] - test[1].mean()) ** 2)
        return {"r2": r2, "rmse": np.sqrt(np.mean(errors**2))}
