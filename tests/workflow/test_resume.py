"""An interrupted run loses nothing that was recorded, and ends with the bytes of one never touched."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from families import some
from recipes import mlp, trees
from samebits.sealed import ledger

MODELS = {
    "mlp": {"framework": "pytorch", "recipe": "mlp.py:MLP", "data": "sklearn:digits", "steps": 3000},
    "trees": {
        "framework": "xgboost",
        "recipe": "trees.py:Trees",
        "data": "sklearn:breast_cancer",
        "steps": 8000,
    },
}


def start(workspace):
    """Start the workflow in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "samebits"), "run", "--profile", "local"],
        cwd=workspace.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition, seconds=120):
    """Poll until the condition holds, and fail if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


@pytest.mark.parametrize("model", some(MODELS, "mlp"))
def test_a_killed_workflow_goes_on_from_the_last_checkpoint(workspace, tmp_path_factory, model):
    marker = tmp_path_factory.mktemp("marker") / "unused"
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_recipe("trees.py", trees(marker))
    workspace.write_config(models={model: {**MODELS[model], "segments": 8}})
    checkpoints = workspace.results(model) / "run-1" / "checkpoints"

    process = start(workspace)
    wait_for(lambda: len(list(checkpoints.glob("*.safetensors"))) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    unfinished = workspace.results(model) / "run-1" / ledger.UNFINISHED
    assert unfinished.is_file()
    assert not (workspace.results(model) / "run-1" / ledger.FINISHED).exists()

    again = workspace.run("--unlock")
    assert again.returncode == 0, again.stdout
    again = workspace.run()
    assert again.returncode == 0, again.stdout
    assert "going on from the checkpoint at step" in again.stdout
    # run 2 was never touched, or was killed elsewhere: the verdict compares every byte that counts
    assert workspace.verdict(model)["verdict"] == "identical"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_snakemake_in_its_own_way(workspace, tmp_path_factory, number):
    """^C, which a terminal sends to all, ends the training; SIGTERM to the command lets it end first."""
    workspace.write_recipe("trees.py", trees(tmp_path_factory.mktemp("marker") / "unused"))
    workspace.write_config(models={"trees": {**MODELS["trees"], "segments": 8}})
    run = workspace.results("trees") / "run-1"

    process = start(workspace)
    wait_for(lambda: len(list((run / "checkpoints").glob("*.safetensors"))) >= 3)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    said, _ = process.communicate(timeout=120)  # the pipe is closed when nothing of it runs any more
    assert process.returncode != 0
    assert (run / ledger.FINISHED).exists() == (number == signal.SIGTERM), said
    again = workspace.run()  # nothing has to be unlocked
    assert again.returncode == 0, again.stdout
    assert workspace.verdict("trees")["verdict"] == "identical"


def test_two_processes_never_train_into_one_folder(workspace, tmp_path_factory):
    marker = tmp_path_factory.mktemp("marker") / "unused"
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_config(models={"mlp": {**MODELS["mlp"], "steps": 20000}})
    folder = workspace.results("mlp") / "run-1"
    process = start(workspace)
    wait_for(lambda: (folder / ledger.UNFINISHED).exists())
    (mark := folder / "scratch" / "mark").touch()
    second = workspace.train(workspace.results("mlp") / "spec.json", folder)
    touched = not mark.exists()  # the first one's home and temporary files
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert second.returncode == 2, second.stdout
    assert "another process is training in" in second.stdout
    assert not touched


def test_a_run_that_snakemake_takes_for_failed_is_not_trained_again_until_it_was_compared(workspace):
    workspace.write_recipe("trees.py", trees(workspace.folder / "unused"))
    workspace.write_config(models={"trees": {**MODELS["trees"], "steps": 80, "segments": 4}})
    run = workspace.results("trees") / "run-1"
    trained = workspace.run("results/trees/run-1/ledger.jsonl")
    assert trained.returncode == 0, trained.stdout
    before = (run / ledger.FINISHED).read_bytes()
    for name in (ledger.FINISHED, "fingerprint.json", "predictions.safetensors"):
        (run / name).unlink()  # as Snakemake does with the output of a job that it did not see end
    again = workspace.run()
    assert again.returncode == 0, again.stdout
    assert "trees, run-1: going on from the checkpoint at step 80" in again.stdout
    assert "trees, run-2: going on" not in again.stdout
    assert (run / ledger.FINISHED).read_bytes() == before
    assert workspace.verdict("trees")["verdict"] == "identical"
    # a twin: what was compared and is asked for once more is trained once more
    forced = workspace.run("--forcerun", "train")
    assert forced.returncode == 0, forced.stdout
    assert "going on" not in forced.stdout
    assert "step 80/80" in forced.stdout
