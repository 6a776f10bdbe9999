"""Ranks that train together: real processes, or one that plays them all, with the same bits."""

import json
import os
import re
import select
import signal

import pytest

from samebits.sealed.execution import Execution
from training import segments
from workspace import LONG

RECIPE = """
import os
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset


class Noisy(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index] + 0.1 * torch.rand(64) * random.random() * np.random.rand(), self.y[index]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.batch_size, self.steps = 32, 0
        self.layers = nn.Sequential(
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
        )
        self.idle = nn.Linear(3, 3)

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        x, y = batch
        self.steps += 1
        {step}
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01, fused=True)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {{"train": Noisy(x, y), "test": Noisy(x[:100], y[:100])}}


def metrics(predictions, test):
    return {{"accuracy": (predictions.argmax(1) == test.y).double().mean()}}
"""

SOUND = RECIPE.format(step="pass")
VIRTUAL = Execution(virtual=True)


@pytest.mark.parametrize("processes", [2, 3] if LONG else [2])
def test_one_process_that_plays_all_ranks_has_the_bits_of_as_many_processes(bench, processes):
    spec = bench.spec(SOUND, processes=processes)
    real = bench.ledger(spec, "real")
    assert bench.ledger(spec, "virtual", VIRTUAL) == real
    replayed = bench.replay(spec, "real", 2, "replay", VIRTUAL)
    assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(real)[1]
    if processes == 2:
        assert bench.ledger(spec, "again", Execution(loader_workers=1)) == real
        other = bench.ledger(bench.spec(SOUND, processes=3), "other", VIRTUAL)
        assert segments(other) != segments(real)  # the twin: the number of ranks is part of the identity
        names = next(r for r in bench.records("real") if r["kind"] == "checkpoint" and r["step"] == 8)
        ranks = [row for row in names["tensors"] if row[0].endswith("layers.1.running_mean")]
        assert len({row[-1] for row in ranks}) == 2  # each rank has its own batch norm


def test_a_rank_that_is_killed_is_made_up_for_from_the_last_checkpoint(bench):
    die = """
        mark = "{mark}"
        if self.steps == 5 and torch.distributed.is_initialized() and torch.distributed.get_rank() == 1:
            if not os.path.exists(mark):
                open(mark, "w").close()
                os.kill(os.getpid(), 9)"""
    recipe = RECIPE.format(step=die.format(mark=bench.folder / "mark"))
    spec = bench.spec(recipe, processes=2)
    process = bench.run(spec, "run")
    assert process.returncode == 0, process.stdout
    assert "rank 1 was killed by signal 9; going on from the last checkpoint" in process.stdout
    assert bench.ledger(spec, "untouched") == (bench.folder / "run" / "ledger.jsonl").read_bytes()


def test_no_rank_outlives_rank_0(bench):
    recipe = RECIPE.format(step="print('pid', os.getpid(), flush=True)")
    process = bench.start(bench.spec(recipe, processes=2, steps=100000), "run")
    pids = set()
    while len(pids) < 2:
        pids |= {int(pid) for pid in re.findall(r"^pid (\d+)", process.stdout.readline())}
    (other,) = pids - {process.pid}
    descriptor = os.pidfd_open(other)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # a descriptor can be read from once its process has ended, also where nobody buries it
    assert select.select([descriptor], [], [], 60)[0]


def test_ranks_that_drift_apart_are_refused(bench):
    drift = """
        with torch.no_grad():
            self.layers[0].weight[0, 0] += torch.distributed.get_rank()"""
    told = bench.refusal(bench.spec(RECIPE.format(step=drift), processes=2))
    assert "the weights or optimizer of rank 1 differ from those of rank 0" in told


def test_an_error_on_another_rank_names_rank_and_line(bench):
    fail = "assert torch.distributed.get_rank() == 0"
    recipe = RECIPE.format(step=fail)
    line = recipe[: recipe.index(fail)].count("\n") + 1
    told = bench.refusal(bench.spec(recipe, processes=2))
    assert f"the recipe fails on rank 1 at recipe.py, line {line}: AssertionError" in told
