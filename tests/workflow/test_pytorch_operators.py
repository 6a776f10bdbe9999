"""Operators that are not deterministic are named with the recipe's line, or mended by the tier."""

import pytest

from families import some
from training import losses

RECIPE = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class Model(nn.Module):
    batch_size = 64

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.table = nn.Parameter(torch.randn(8, 64))

    def forward(self, x):
        {forward}
        return self.layer(x)

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {{"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}}


def metrics(predictions, test):
    return {{"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}}
"""

PUT = "x = x.clone().put_(torch.tensor([0, 0]), torch.ones(2))  # here"
UNPOOL = """pooled, places = F.max_pool2d(x.reshape(-1, 1, 8, 8), 2, return_indices=True)
        x = F.max_unpool2d(pooled, places, 2).flatten(1)  # here"""
#: its forward pass gets by with the flag lowered, so that only the backward pass raises
BACKWARD = """torch.use_deterministic_algorithms(False)
        x = (x + self.table.sum(0)).put(torch.tensor([0, 0]), torch.ones(2))  # here
        torch.use_deterministic_algorithms(True)"""
#: many threads add to the same few rows of a gradient
RACY = """rows = torch.arange(len(x) * 200) % 8
        x = x + self.table[rows].sin().reshape(-1, len(x), 64).mean(0)"""


@pytest.mark.parametrize(
    ("forward", "operator"),
    some([(BACKWARD, "put_"), (PUT, "put_"), (UNPOOL, "max_unpooling2d_forward_out")]),
)
def test_a_non_deterministic_operator_is_named_with_its_line(bench, forward, operator):
    recipe = RECIPE.format(forward=forward)
    line = recipe[: recipe.index("# here")].count("\n") + 1
    process = bench.run(bench.spec(recipe), "run")
    assert process.returncode == 2
    assert "Traceback" not in process.stdout
    told = process.stdout.splitlines()[-1]
    assert told.startswith(
        f"samebits: model m: recipe.py, line {line}: the operator {operator} has no determin"
    )
    assert "use another one, or tier: seeded" in told


def test_the_tier_seeded_lets_it_pass(bench):
    assert losses(bench.ledger(bench.spec(RECIPE.format(forward=PUT), tier="seeded", steps=3)))


def test_a_recipe_that_lowers_the_flag_for_good_is_refused(bench):
    told = bench.refusal(bench.spec(RECIPE.format(forward="torch.use_deterministic_algorithms(False)")))
    assert "the recipe called torch.use_deterministic_algorithms; set tier in the config" in told


def test_indexing_that_races_on_two_threads_is_mended_by_the_tier(bench):
    recipe = RECIPE.format(forward=RACY)
    racy = {bench.ledger(bench.spec(recipe, tier="seeded", threads=2), f"s{i}") for i in range(2)}
    mended = {bench.ledger(bench.spec(recipe, threads=2), f"d{i}") for i in range(2)}
    assert len(racy) == 2  # the twin: the same recipe without the deterministic flag
    assert len(mended) == 1
