"""The workflow by the profile gpu: verdicts, and GPUs that no two trainings have at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import models
from samebits.sealed import gpus

#: holds all GPUs until it is killed
HOLDER = """
import time
from samebits.sealed import gpus
print(gpus.lease("holder", len(gpus.installed())), flush=True)
time.sleep(600)
"""


def write(gpu, **recipes):
    """Write a config with a model for each recipe."""
    for name, recipe in recipes.items():
        gpu.workspace.write_recipe(f"{name}.py", recipe)
    common = {"framework": "pytorch", "data": "sklearn:digits", "steps": 60, "segments": 3, "seed": 5}
    described = {
        name: {**common, "recipe": f"{name}.py:Model", "environment": gpu.environment, "params": {}}
        for name in recipes
    }
    described["additions"]["tier"] = "seeded"
    gpu.workspace.write_config(models=described)


def test_the_workflow_verifies_what_is_identical_and_finds_what_is_not(gpu):
    write(
        gpu,
        convolutions=models.CONVOLUTIONS,
        attention=models.ATTENTION,
        additions=models.ADDITIONS,
        unlike=models.UNLIKE,
    )
    workspace = gpu.workspace
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline().startswith("['GPU-")
    command = [Path(sys.executable).parent / "samebits", "run", "--profile", "gpu"]
    log = workspace.folder / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=workspace.folder, stdout=file, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + 120
            while "which others train on" not in log.read_text():
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.2)
            assert not list(workspace.folder.glob("results/*/run-*/fingerprint.json"))  # all wait
            os.kill(holder.pid, signal.SIGKILL)  # a lease whose holder died is free
            # two models are unlike themselves, as they must be
            assert process.wait(400) == 1, log.read_text()
        finally:
            process.kill()
            holder.kill()
    said = log.read_text()
    for model in ("convolutions", "attention"):
        assert workspace.verdict(model)["verdict"] == "identical", said
        assert (workspace.results(model) / "verified").exists()
    for model in ("additions", "unlike"):
        assert workspace.verdict(model)["verdict"] == "different", said
    assert (workspace.folder / "results" / "report.html").exists()


def test_a_gpu_that_is_hidden_is_not_used(gpu, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.usable() == []
