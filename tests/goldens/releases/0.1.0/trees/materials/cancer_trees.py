"""Gradient-boosted trees on the Wisconsin breast cancer data: 569 samples, 30 measurements, two classes."""

import numpy as np
from xgboost import DMatrix


class CancerTrees:
    def __init__(self, max_depth=4, eta=0.1, subsample=0.8, colsample_bytree=0.8):
        self.params = {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "max_depth": max_depth,
            "eta": eta,
            "subsample": subsample,
            "colsample_bytree": colsample_bytree,
        }

    @staticmethod
    def datasets(data):
        features, labels = data["X"], data["y"]
        test = np.arange(len(labels)) % 5 == 0
        return {
            "train": DMatrix(features[~test], labels[~test]),
            "test": DMatrix(features[test], labels[test]),
        }

    @staticmethod
    def metrics(predictions, test):
        labels = test.get_label()
        right = (predictions > 0.5) == labels
        chance = np.where(labels == 1, predictions, 1 - predictions)
        return {"accuracy": np.mean(right), "logloss": -np.mean(np.log(chance, dtype=np.float64))}
