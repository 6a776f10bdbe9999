"""The same models by another profile: on a real SLURM and on Dask their ledgers are those of one machine."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from families import chosen, grows
from recipes import mlp
from slurm import slurm  # noqa: F401  a fixture

#: of a test's SLURM, which has no accounting and is asked often
SLURM = [
    *("--profile", "slurm", "--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
    *("--default-resources", "slurm_partition=main", "mem_mb=1000", "--latency-wait", "5"),
]

LONG = {
    "framework": "pytorch",
    "recipe": "mlp.py:MLP",
    "data": "sklearn:digits",
    "steps": 6000,
    "segments": 20,
}


def start(workspace, *arguments):
    """Start the workflow in a workspace."""
    log = (workspace.folder / "log.txt").open("w")
    command = [str(part) for part in (Path(sys.executable).parent / "samebits", "run", *arguments)]
    return subprocess.Popen(command, cwd=workspace.folder, stdout=log, stderr=subprocess.STDOUT)


def said(workspace):
    return (workspace.folder / "log.txt").read_text()


def test_all_examples_on_slurm_have_the_ledgers_of_one_machine(slurm, demo, workspace):  # noqa: F811
    done = workspace.samebits(
        *("run", *SLURM, "--set-resources", "train:gpu=1", "--config", f"cache={workspace.cache}")
    )
    assert done.returncode == 0, done.stdout
    models = [path.parent.name for path in demo.folder.glob("results/*/verdict.json")]
    assert len(models) == 7
    for model in models:
        assert workspace.verdict(model)["verdict"] == "identical"
        for run in ("run-1", "run-2"):
            path = f"results/{model}/{run}/ledger.jsonl"
            assert (workspace.folder / path).read_bytes() == (demo.folder / path).read_bytes()
    assert "with SLURM jobid" in done.stdout


@grows
def test_examples_on_dask_have_the_ledgers_of_one_machine(demo, workspace):
    models = chosen(["digits-cnn", "cancer-trees"], "cancer-trees")
    targets = [f"results/{model}/verified" for model in models]
    done = workspace.samebits("run", "--profile", "dask", *targets, "--config", f"cache={workspace.cache}")
    assert done.returncode == 0, done.stdout
    for model in models:
        path = f"results/{model}/run-1/ledger.jsonl"
        assert (workspace.folder / path).read_bytes() == (demo.folder / path).read_bytes()
    assert f"[train] {models[0]}, run-1: step" in done.stdout  # progress comes back while it trains


@pytest.fixture
def long(workspace):
    """A model that trains for some time, and the ledger that it has when nothing happens to it."""
    workspace.write_recipe("mlp.py", mlp(workspace.folder / "unused"))
    workspace.write_config(models={"mlp": LONG})
    process = workspace.run("results/mlp/spec.json")
    assert process.returncode == 0, process.stdout
    process = workspace.train(workspace.results("mlp") / "spec.json", workspace.folder / "untouched")
    assert process.returncode == 0, process.stdout
    return workspace


def training(workspace, process, beyond=0):
    """Wait until run-1 has more checkpoints than ``beyond``, and return how many it has."""
    folder, end = workspace.results("mlp") / "run-1" / "checkpoints", time.monotonic() + 120
    while True:
        count = len(list(folder.glob("*"))) if folder.exists() else 0
        if count > beyond:
            return count
        assert process.poll() is None and time.monotonic() < end, said(workspace)
        time.sleep(0.05)


def jobs():
    """Return the SLURM jobs that run: identity -> node."""
    listed = subprocess.run(["squeue", "-h", "-t", "R", "-o", "%A %N"], stdout=subprocess.PIPE, text=True)
    return dict(line.split() for line in listed.stdout.splitlines())


def test_jobs_that_slurm_cancels_or_loses_with_a_node_go_on_where_they_stood(slurm, long):  # noqa: F811
    process = start(long, *SLURM, "results/mlp/run-1/ledger.jsonl")
    reached = training(long, process, 3)
    (first,) = jobs()
    subprocess.run(["scancel", first], check=True)
    reached = training(long, process, reached + 2)
    ((second, node),) = jobs().items()
    assert second != first
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=down", "reason=test"], check=True)
    try:
        assert process.wait(300) == 0, said(long)
    finally:
        # it may have come back by itself
        subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], stderr=subprocess.DEVNULL)
    assert said(long).count("Trying to restart job") == 2
    ledger = long.results("mlp") / "run-1" / "ledger.jsonl"
    assert ledger.read_bytes() == (long.folder / "untouched" / "ledger.jsonl").read_bytes()
    log = (long.results("mlp") / "run-1" / "log.txt").read_text()
    assert "going on from the checkpoint at step" in log
