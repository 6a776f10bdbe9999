"""LightGBM: runs, replays and interrupted runs give the same bits; faults and refusals are named."""

import os
import signal
import subprocess

import pytest

from direct import Bench
from families import some
from samebits.sealed import ledger
from test_command import wait_for

RECIPE = """
from pathlib import Path

import numpy as np
from lightgbm import Dataset

FAULT = Path({fault!r})


class Trees:
    def __init__(self, **params):
        self.params = {{"objective": "binary", "num_leaves": 7, "min_data_in_leaf": 5, **params}}

    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"].copy()
        if FAULT.exists():
            y[7] = 1 - y[7]
        test, valid = np.arange(len(y)) % 5 == 0, np.arange(len(y)) % 5 == 1
        train = ~test & ~valid
        return {{
            "train": Dataset(x[train], y[train]),
            "valid": Dataset(x[valid], y[valid]),
            "test": (x[test], y[test]),
        }}

    @staticmethod
    def metrics(predictions, test):
        return {{"accuracy": np.mean((predictions > 0.5) == test[1])}}
"""
SAMPLING = {"bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.6}


def bench(workspace, **model):
    workspace.write_recipe("trees.py", RECIPE.format(fault=str(workspace.folder / "fault")))
    section = {"framework": "lightgbm", "recipe": "trees.py:Trees", "data": "sklearn:breast_cancer"}
    return Bench(workspace, {**section, "steps": 12, "segments": 3, "params": SAMPLING, **model})


@pytest.mark.parametrize(
    "params", some([SAMPLING, {"boosting": "dart"}, {"extra_trees": True, "linear_tree": True}], SAMPLING)
)
def test_runs_and_replays_of_every_segment_are_the_same(workspace, params):
    trees = bench(workspace, params=params)
    assert trees.verdict("run-1", "run-2") == "identical"
    verdict = trees.replays("run-1")
    assert verdict["verdict"] == "identical"
    assert [replay["segment"] for replay in verdict["replays"]] == [1, 2, 3]
    assert trees.metrics("run-1")["accuracy"] > 0.8


def test_one_label_and_another_seed_are_seen(workspace):
    trees = bench(workspace)
    trees.train("run-1")
    (workspace.folder / "fault").touch()
    trees.train("run-2")
    (difference,) = trees.compare("run-1", "run-2")["differences"]
    assert difference["kind"] == "data"
    assert "step 1: the data that step read" in difference["message"]
    assert bench(workspace, tier="unseeded").verdict("run-3", "run-4") == "different"


def test_a_killed_run_goes_on_to_the_same_bytes(workspace):
    trees = bench(workspace, steps=600, segments=12)
    process = subprocess.Popen(trees.command("run-1"), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    checkpoints = workspace.folder / "run-1" / "checkpoints"
    wait_for(lambda: len(list(checkpoints.glob("*.safetensors"))) >= 3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (workspace.folder / "run-1" / ledger.UNFINISHED).is_file()
    assert "going on from the checkpoint at step" in trees.train("run-1").stdout
    trees.train("run-2")
    assert trees.compare("run-1", "run-2")["verdict"] == "identical"


def test_early_stopping_ends_runs_and_replays_at_the_same_step(workspace):
    params = {**SAMPLING, "learning_rate": 0.5, "early_stopping_round": 3}
    trees = bench(workspace, params=params, steps=300, segments=30)
    assert trees.verdict("run-1", "run-2") == "identical"
    steps = len(trees.records("run-1", "step"))
    assert 3 < steps < 300
    assert trees.compare("run-1", "run-2")["steps"] == steps


def test_what_the_config_decides_is_refused_in_a_recipe(workspace):
    said = bench(workspace, params={"bagging_seed": 1}).refused()
    assert "trees.py: the recipe sets bagging_seed; set seed in the config instead" in said
    said = bench(workspace, params={"boosting": "rf", **SAMPLING}).refused()
    assert "the recipe sets rf; does not go on from a saved model; set segments: 1" in said
