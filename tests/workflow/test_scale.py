"""Many small models on SLURM and on Dask while jobs and workers are killed at random: nothing is lost.

SAMEBITS_MODELS says how many models there are: 2 in CI, 300 with `make test-long`. `make test` leaves this to
tests/cluster, which kills workers, and to test_profiles.py, which trains on Dask.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import training
from families import more
from samebits.sealed.spec import Spec
from slurm import slurm  # noqa: F401  a fixture

MODELS = int(os.environ.get("SAMEBITS_MODELS", "2"))

#: mean seconds between two kills
GAP = 8 if MODELS < 100 else 60

#: many short jobs: a model's trainings and their comparison share one, as docs/scale.md advises
GROUPS = [] if MODELS < 100 else ["--groups", "train=model", "compare=model"]

#: whatever is killed is tried again; with so many jobs some are met often
STUBBORN = ["--retries", "20"]

SLURM = [
    *("--profile", "slurm", "--slurm-no-account", "--slurm-status-command", "squeue", *STUBBORN),
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
    *("--default-resources", "slurm_partition=main", "mem_mb=1000", "--latency-wait", "5"),
    *GROUPS,
]

DASK = ["--profile", "dask", "--dask-workers", "2", "--dask-threads", "2", *STUBBORN, *GROUPS]

#: the class Unlike reads other data in every process
RECIPE = """
import os

import numpy as np
from xgboost import DMatrix


class Trees:
    def __init__(self, max_depth=3):
        self.params = {"objective": "binary:logistic", "max_depth": max_depth, "subsample": 0.7}

    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"]
        return {"train": DMatrix(x[100:], y[100:]), "test": DMatrix(x[:100], y[:100])}

    @staticmethod
    def metrics(predictions, test):
        return {"accuracy": np.mean((predictions > 0.5) == test.get_label())}


class Unlike(Trees):
    @staticmethod
    def datasets(data):
        noise = np.frombuffer(os.urandom(data["X"].size), np.uint8).reshape(data["X"].shape)
        return Trees.datasets({"X": data["X"] + noise, "y": data["y"]})
"""

MODEL = {
    "framework": "xgboost",
    "recipe": "recipe.py:Trees",
    "data": "sklearn:breast_cancer",
    "steps": 40,
    "segments": 4,
}


#: what the workflow writes
MADE = ("results", ".snakemake")


@pytest.fixture(scope="module")
def prepared(workspaces):
    """Everything that is made where a workflow is started, and the ledgers that training alone leaves."""
    workspace = workspaces("prepared")
    workspace.write_recipe("recipe.py", RECIPE)
    models = {f"m{i}": {**MODEL, "seed": i, "params": {"max_depth": 1 + i % 6}} for i in range(MODELS - 1)}
    workspace.write_config(models={**models, "unlike": {**MODEL, "recipe": "recipe.py:Unlike"}})
    targets = [f"results/{model}/{file}" for model in [*models, "unlike"] for file in ("spec.json", "linted")]
    process = workspace.run(*targets)
    assert process.returncode == 0, process.stdout
    specs = [Spec.read(workspace.results(model) / "spec.json") for model in models]
    bench = training.Bench(
        workspace.folder, workspace.environment(specs[0]).parent, workspace.data(specs[0]).parent
    )
    (workspace.folder / "library").symlink_to(workspace.library("xgboost"))
    ledgers = {}
    for some in (specs[i : i + 50] for i in range(0, len(specs), 50)):  # a command line has its limits
        ledgers |= bench.train_all(some, "alone")
    for name in MADE:
        shutil.copytree(workspace.folder / name, workspace.folder / "kept" / name)
    return workspace, ledgers


def descendants(process):
    """Return the command lines of all that a process has started, by their ids."""
    parents, commands = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended meanwhile
            continue
    found, new = set(), {process}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        found |= new
    return {child: commands[child] for child in found if child in commands}


def kill_on_slurm(process, draw):
    """Cancel one of the jobs that run, or kill all of it; return how many were met."""
    listed = subprocess.run(["squeue", "-h", "-t", "R", "-o", "%A"], stdout=subprocess.PIPE, text=True)
    running = listed.stdout.split()
    how = draw.choice([[], ["--signal=KILL", "--full"]])
    for job in draw.sample(running, min(1, len(running))):
        subprocess.run(["scancel", *how, job], check=True)
    return min(1, len(running))


def kill_on_dask(process, draw):
    """Kill a worker, or a training; return how many were met."""
    what = draw.choice(["distributed.cli.dask_worker", "samebits.sealed.process"])
    found = [child for child, command in descendants(process.pid).items() if what in command]
    for child in draw.sample(found, min(1, len(found))):
        os.kill(child, signal.SIGKILL)
    return min(1, len(found))


def finish(process, kill, results):
    """Kill something every few seconds until the workflow has ended; return how often something was met.

    No faster than runs are finished: a slow machine must get done, too.
    """
    kills, met, draw = 0, 1, random.Random()  # noqa: S311
    end = time.monotonic() + 600 + 120 * MODELS
    while time.monotonic() < end:
        try:
            process.wait(draw.uniform(0, 2 * GAP) if met else 0.2)  # what has just missed tries again
            return kills
        except subprocess.TimeoutExpired:
            if kills < 3 + len(list(results.glob("*/run-*/ledger.jsonl"))):
                met = kill(process, draw)
                kills += met
            else:
                met = 1
    raise AssertionError("the workflow does not end")


def survive(prepared, arguments, kill):
    """Run the workflow while it is shot at, and compare what it leaves with what training alone left."""
    workspace, ledgers = prepared
    for name in MADE:  # in the same folder: in another one all would be made anew
        shutil.rmtree(workspace.folder / name)
        shutil.copytree(workspace.folder / "kept" / name, workspace.folder / name)
    log = workspace.folder / "log.txt"
    command = [str(Path(sys.executable).parent / "samebits"), "run", *arguments]
    began = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=workspace.folder, stdout=file, stderr=subprocess.STDOUT)
    try:
        kills = finish(process, kill, workspace.folder / "results")
    finally:
        process.terminate()
        process.wait()
    print(f"{MODELS} models, {kills} kills, {time.monotonic() - began:.0f} s")
    assert kills > 0
    assert process.returncode == 1, log.read_text()  # one model is unlike itself, as it must be
    for model, ledger in ledgers.items():
        assert workspace.verdict(model)["verdict"] == "identical"
        assert (workspace.results(model) / "verified").exists()
        for run in ("run-1", "run-2"):
            assert (workspace.results(model) / run / "ledger.jsonl").read_bytes() == ledger
    assert workspace.verdict("unlike")["verdict"] == "different"
    assert not (workspace.results("unlike") / "verified").exists()
    assert (workspace.folder / "results" / "report.html").exists()
    assert not descendants(process.pid)


@more
def test_on_dask_nothing_is_lost_and_every_verdict_is_that_of_one_machine(prepared):
    survive(prepared, DASK, kill_on_dask)


@pytest.mark.skipif(
    MODELS < 10, reason="test_profiles.py does this with one model; many are `make test-long`"
)
def test_on_slurm_nothing_is_lost_and_every_verdict_is_that_of_one_machine(slurm, prepared):  # noqa: F811
    survive(prepared, SLURM, kill_on_slurm)
