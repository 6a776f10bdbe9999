"""PyTorch on NVIDIA GPUs: what the tests of the CPU prove, with the device changed."""

import json
import shutil
import subprocess

import pytest

import training
from training import losses, segments

RECIPE = """
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class Model(nn.Module):
    batch_size = 64

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, 10),
        )

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def datasets(data):
    x, y = torch.tensor(data["X"] / 16, dtype=torch.float32), torch.tensor(data["y"])
    return {"train": TensorDataset(x, y), "test": TensorDataset(x[:100], y[:100])}


def metrics(predictions, test):
    return {"accuracy": (predictions.argmax(1) == test.tensors[1]).double().mean()}
"""


def gpus():
    """Count the GPUs as the driver lists them."""
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], stdout=subprocess.PIPE, text=True)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


pytestmark = pytest.mark.skipif(gpus() < 1, reason="nvidia-smi lists no GPU")


@pytest.fixture(scope="module")
def environment():
    return training.environment(training.CACHE, "pytorch-gpu")


@pytest.fixture
def gpu(tmp_path, environment):
    """Specs for a GPU, trained in its locked environment."""
    bench = training.bench(tmp_path, environment)

    def spec(**changes):
        return bench.spec(RECIPE, device="cuda", environment="pytorch-gpu", **changes)

    return bench, spec


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
def test_reruns_are_identical_and_a_segment_can_be_replayed(gpu, precision):
    bench, spec = gpu
    options = {"precision": precision}
    first = bench.ledger(spec(options=options), "one")
    assert bench.ledger(spec(options=options), "two") == first
    replayed = bench.replay(spec(options=options), "one", 2, "replay")
    assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(first)[1]
    assert losses(bench.ledger(spec(options=options, seed=6), "other")) != losses(first)  # the twin


@pytest.mark.skipif(gpus() < 2, reason="nvidia-smi lists fewer than two GPUs")
def test_two_ranks_over_nccl_are_identical_twice(gpu):
    bench, spec = gpu
    first = bench.ledger(spec(processes=2), "one")
    assert bench.ledger(spec(processes=2), "two") == first
    assert losses(bench.ledger(spec(), "alone")) != losses(first)  # the twin
