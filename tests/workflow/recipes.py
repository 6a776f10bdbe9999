"""Recipes for the tests: sound ones, and ones that misbehave in the second run, or in replays, only.

A recipe is the same file in all runs of a model, so what goes wrong must come from outside of it. Here it is
a marker on the disk: the first run leaves it, the second finds it. Each recipe has its own, since any of them
may be trained first.
"""

MLP = """
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

MARKER = Path({marker!r})
SECOND = MARKER.exists()
MARKER.touch()


class MLP(nn.Module):
    def __init__(self, hidden=32, lr=0.01):
        super().__init__()
        self.batch_size, self.lr = 64, lr
        self.register_buffer("taken", torch.tensor(0))  # steps; part of the state
        self.layers = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, 10))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        self.taken += 1
        {step}
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=0.9)

    @staticmethod
    def datasets(data):
        x = torch.tensor(data["X"] / 16, dtype=torch.float32)
        y = torch.tensor(data["y"])
        {data}
        return {{"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}}

    @staticmethod
    def metrics(predictions, test):
        return {{"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}}
"""

TREES = """
from pathlib import Path

import numpy as np
from xgboost import DMatrix

MARKER = Path({marker!r})
SECOND = MARKER.exists()
MARKER.touch()


class Trees:
    def __init__(self, max_depth=3):
        self.params = {{"objective": "binary:logistic", "max_depth": max_depth, "subsample": 0.7}}

    @staticmethod
    def datasets(data):
        x, y = data["X"].copy(), data["y"].copy()
        {data}
        return {{"train": DMatrix(x, y), "test": DMatrix(x[:100], y[:100])}}

    @staticmethod
    def metrics(predictions, test):
        return {{"accuracy": np.mean((predictions > 0.5) == test.get_label())}}
"""


def mlp(marker, step="pass", data="pass"):
    """A small network; ``step`` runs in each training step and ``data`` when the data is prepared."""
    return MLP.format(marker=f"{marker}.mlp", step=step, data=data)


def trees(marker, data="pass"):
    """Small boosted trees; ``data`` runs when the data is prepared."""
    return TREES.format(marker=f"{marker}.trees", data=data)
