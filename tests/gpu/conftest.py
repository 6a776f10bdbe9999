"""What the tests on GPUs share: they are skipped, and say why, where there is none."""

import shutil
import subprocess
from dataclasses import dataclass

import pytest

import installed
import training
from workspace import Workspace


def gpus():
    """Count the GPUs as the driver lists them; samebits' own list must not skip its tests by a mistake."""
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], stdout=subprocess.PIPE, text=True)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


def pytest_collection_modifyitems(items):
    found = gpus()
    for item in items:
        wanted = next((mark.args[0] for mark in item.iter_markers("gpus")), 1)
        if found < wanted:
            item.add_marker(pytest.mark.skip(reason=f"needs {wanted} GPU(s), nvidia-smi lists {found}"))


@dataclass(frozen=True)
class Gpu:
    """Training on a GPU, with and without a workflow around it."""

    bench: training.Bench
    workspace: Workspace
    environment: str

    def spec(self, recipe, **changes):
        return self.bench.spec(recipe, device="cuda", environment=self.environment, **changes)


@pytest.fixture
def gpu(tmp_path):
    """A folder and an environment to train in."""
    name, prefix = installed.environment(tmp_path)
    return Gpu(training.bench(tmp_path, prefix), Workspace(tmp_path), name)
