"""Recipes of boosters for the tests: a class for each form of data, the parameters from the config.

Each has a metric of its own that kills the process after ``ROUNDS`` rounds, once, if the file ``ARMED`` is
there: a kill from within meets the same round in every run of the test.
"""

RECIPE = """
import os
import signal
from pathlib import Path

import numpy as np
from xgboost import DMatrix
from xgboost.callback import EarlyStopping

ARMED = Path({armed!r})
ROUNDS = 7
grown = 0


def custom_metric(predictions, dataset):
    global grown
    grown += 1
    if grown == ROUNDS and ARMED.exists():
        ARMED.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return "rows", float(dataset.num_row())


def metrics(predictions, test):
    return {{"mean": np.mean(predictions, dtype=np.float64)}}


def parts(data):
    x, y = data["X"], data["y"]
    test = np.arange(len(y)) % 5 == 0
    return (x[~test], y[~test]), (x[test], y[test])


class Plain:
    def __init__(self, **params):
        self.params = {{"max_depth": 4, **params}}

    @staticmethod
    def datasets(data):
        (x, y), test = parts(data)
        return {{"train": DMatrix(x, y, weight=1 + np.arange(len(y)) % 3), "test": DMatrix(*test)}}


class Ranked(Plain):
    @staticmethod
    def datasets(data):
        def matrix(x, y):
            return DMatrix(x, y % 5, qid=np.arange(len(y)) // 20)

        train, test = parts(data)
        return {{"train": matrix(*train), "test": matrix(*test)}}


class Own(Plain):
    @staticmethod
    def objective(predictions, train):
        kept = np.random.random(len(predictions)) < 0.8  # drawn anew in every round
        return (predictions - train.get_label()) * kept, np.where(kept, 1.0, 1e-6)


class Forgetful(Plain):
    @staticmethod
    def objective(predictions, train):
        return (predictions - train.get_label()) / (1 + grown), np.ones(len(predictions))


class Stopped(Plain):
    early_stopping_rounds = 4

    @staticmethod
    def datasets(data):
        (x, y), test = parts(data)
        train, valid = (x[::2], y[::2]), (x[1::2], y[1::2])
        return {{"train": DMatrix(*train), "test": DMatrix(*test), "valid": DMatrix(*valid)}}

    @staticmethod
    def custom_metric(predictions, dataset):  # stands last, and is what early stopping watches
        custom_metric(predictions, dataset)
        return "error", float(np.mean(np.abs(predictions - dataset.get_label())))


class StoppedByCallback(Stopped):
    early_stopping_rounds = None

    def __init__(self, **params):
        super().__init__(**params)
        self.callbacks = [EarlyStopping(rounds=4, metric_name="rmse", maximize=False, min_delta=0.01)]


class Shotgun:
    def __init__(self, **given):
        self.params = {{
            "booster": "gblinear",
            "updater": "shotgun",
        }}
        self.params |= given

    datasets = Plain.datasets


class Linear:
    def __init__(self, **given):
        self.params = {{"booster": "gblinear", **given}}

    datasets = Plain.datasets
"""


def boosters(armed):
    """Return the recipe's text."""
    return RECIPE.format(armed=str(armed))
