"""Gradient-boosted trees on Covertype: 581,012 places, 54 measurements, seven types of forest (1 to 7)."""

import numpy as np
from xgboost import DMatrix


class CovertypeTrees:
    def __init__(self, max_depth=8, eta=0.3):
        self.params = {
            "objective": "multi:softprob",
            "num_class": 7,
            "eval_metric": "mlogloss",
            "tree_method": "hist",
            "max_depth": max_depth,
            "eta": eta,
        }

    @staticmethod
    def datasets(data):
        table = data["covtype"]
        features, labels = table[:, :-1], table[:, -1] - 1
        test = np.arange(len(labels)) % 5 == 0
        return {
            "train": DMatrix(features[~test], labels[~test]),
            "test": DMatrix(features[test], labels[test]),
        }

    @staticmethod
    def metrics(predictions, test):
        return {"accuracy": np.mean(predictions.argmax(axis=1) == test.get_label())}
