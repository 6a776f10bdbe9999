"""The number of processes that load batches changes nothing, whatever a data set draws and from where."""

from families import more
from samebits.sealed.execution import Execution
from training import losses

AUGMENTED = """
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset


class Noisy(Dataset):
    def __init__(self, x, y):
        self.x, self.y, self.taken = x, y, 0

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        x = self.x[index] * (1 + 0.1 * random.random()) + 0.1 * torch.rand(64)
        x = x + torch.from_numpy(np.random.normal(size=64).astype("float32")) * 0.1
        x = x @ torch.randn(64, 64) / 64
        {hidden}
        return x, self.y[index]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.batch_size = 64
        self.layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {{"train": Noisy(x, y), "test": Noisy(x[:100], y[:100])}}


def metrics(predictions, test):
    return {{"accuracy": (predictions.argmax(1) == test.y).double().mean()}}
"""

HIDDEN = "self.taken += 1; x = x + self.taken / 1000"


def ledgers(bench, spec, counts=(0, 1, 2)):
    return [bench.ledger(spec, f"{n}-workers", Execution(loader_workers=n)) for n in counts]


def test_ledgers_are_equal_with_any_number_of_loader_workers(bench):
    none, one, two = ledgers(bench, bench.spec(AUGMENTED.format(hidden="pass")))
    assert none == one == two
    assert len(set(losses(none))) == 24


@more
def test_so_they_are_with_several_threads_and_batches_a_step(bench):
    settings = {"threads": 2, "options": {"accumulate_grad_batches": 2}}
    none, two = ledgers(bench, bench.spec(AUGMENTED.format(hidden="pass"), **settings), (0, 2))
    assert none == two
    assert len(set(losses(none))) == 24


def test_a_dataset_with_hidden_state_is_caught_as_different(bench):
    none, two = ledgers(bench, bench.spec(AUGMENTED.format(hidden=HIDDEN)), (0, 2))
    assert none != two


def test_where_loading_fails_is_named_from_any_process(bench):
    recipe = AUGMENTED.format(hidden="if index == 7: raise ValueError('row 7 is torn')")
    line = recipe[: recipe.index("row 7")].count("\n") + 1
    for workers in (0, 2):
        told = bench.refusal(bench.spec(recipe), f"{workers}", Execution(loader_workers=workers))
        assert told == (
            f"samebits: model m: the recipe fails at recipe.py, line {line}: ValueError: row 7 is torn"
        )
