"""Property: killed at any moment and started again, a run ends with the bytes of one that was never touched.

SAMEBITS_KILLS says how many kills are spread over the frameworks: 30 in CI, 200 with `make test-long`. In
`make test` only boosted trees are killed, thrice; test_resume.py kills a workflow that trains a network.
"""

import os
import random
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import programs
from families import ALL, chosen, grows, some
from recipes import mlp, trees
from samebits.jobs import install_library as libraries
from samebits.sealed import seal
from samebits.sealed.spec import Spec

MODELS = {
    "mlp": {"framework": "pytorch", "recipe": "mlp.py:MLP", "data": "sklearn:digits", "steps": 1200},
    "trees": {
        "framework": "xgboost",
        "recipe": "trees.py:Trees",
        "data": "sklearn:breast_cancer",
        "steps": 600,
    },
    "lightgbm": {
        "framework": "lightgbm",
        "recipe": "config/recipes/diabetes_trees.py:DiabetesTrees",
        "data": "sklearn:diabetes",
        "steps": 600,
    },
    "tensorflow": {
        "framework": "tensorflow",
        "recipe": "config/recipes/wine_experts.py:wine_experts",
        "data": "sklearn:wine",
        "steps": 60,
        "segments": 3,  # each builds and traces the model anew
    },
    "dask": {
        "framework": "xgboost_dask",
        "recipe": "config/recipes/diabetes_dask.py:DiabetesDask",
        "data": "sklearn:diabetes",
        "steps": 120,
        "dask": {"workers": 2},
    },
    "sklearn": {
        "framework": "sklearn",
        "recipe": "config/recipes/wine_pipeline.py:wine_pipeline",
        "data": "sklearn:wine",
    },
    "command": {
        "framework": "command",
        "recipe": "config/recipes/train_digits.py",
        "environment": "pytorch-cpu",
        "data": "sklearn:digits",
        "params": {"epochs": 2},
        "options": {"arguments": ["{data}"], "outputs": ["model.pt", "metrics.json"]},
    },
}
KILLS = int(os.environ.get("SAMEBITS_KILLS", "30" if ALL else "12"))

#: how many of 30 kills a framework gets: few where a process starts slowly, or where one step is all there is
SHARES = {"mlp": 6, "trees": 7, "lightgbm": 7, "tensorflow": 3, "dask": 3, "sklearn": 2, "command": 2}


@pytest.fixture(scope="module")
def prepared(workspaces):
    """Specs, data and environments of all models, made by the workflow."""
    workspace = workspaces("kills")
    unused = workspace.folder / "unused"
    workspace.write_recipe("mlp.py", mlp(unused))
    workspace.write_recipe("trees.py", trees(unused))
    models = chosen(MODELS, "mlp", "trees")
    workspace.write_config(models={model: MODELS[model] for model in models}, defaults={"segments": 12})
    process = workspace.run(*(f"results/{model}/spec.json" for model in models))
    assert process.returncode == 0, process.stdout
    for framework in {settings["framework"] for settings in MODELS.values()}:
        libraries.install(framework, workspace.folder / "library" / framework)
    return workspace


def start(workspace, model, folder):
    """Start the measured process itself, as the launcher would, and return it."""
    path = workspace.results(model) / "spec.json"
    spec = Spec.read(path)
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    (folder / "scratch").mkdir(parents=True)
    recipe = workspace.recipe(spec.recipe.split(":")[0])
    data = workspace.data(spec).parent
    command = seal.command(workspace.environment(spec).parent, *map(str, (path, recipe, data, folder)))
    variables = seal.environment(spec, workspace.folder / "library" / spec.framework, folder / "scratch")
    return subprocess.Popen(
        command,
        env=variables,
        cwd=folder / "scratch",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(workspace, model, folder):
    process = start(workspace, model, folder)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def contents(folder):
    """Return every file of a run that must be the same, by its relative path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "timing.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def wait_for_ledger(process, folder):
    while not (folder / "ledger.part.jsonl").exists() and process.poll() is None:
        time.sleep(0.001)
    return time.monotonic()


def kill(process, folder, seconds, writing):
    """Kill a process so many seconds into its recording, or when it next writes a checkpoint after them.

    Returns whether it was killed; it may have been done before.
    """
    began = wait_for_ledger(process, folder)
    while process.poll() is None:
        late = time.monotonic() - began > seconds
        if late and (not writing or any((folder / "checkpoints").glob("*.part"))):
            process.kill()
            break
        time.sleep(0.0002)  # a checkpoint takes longer to be written
    process.communicate()
    return process.returncode < 0


@grows
@pytest.mark.parametrize("model", some(MODELS, "trees"))
def test_killed_at_random_moments_and_resumed_a_run_is_the_run_that_was_never_touched(
    prepared, tmp_path, model
):
    untouched = tmp_path / "untouched"
    process = start(prepared, model, untouched)
    began = wait_for_ledger(process, untouched)
    said, _ = process.communicate()
    seconds, reference = time.monotonic() - began, contents(untouched)
    assert process.returncode == 0, said

    def survives(number):
        draw = random.Random(f"{model} {number}")  # noqa: S311
        folder, killed = tmp_path / f"killed-{number}", 0
        for _ in range(2 if number % 3 == 0 else 1):  # every third is killed again while it goes on
            process = start(prepared, model, folder)
            killed += kill(process, folder, draw.uniform(0, seconds), writing=number % 2 == 0)
        finish(prepared, model, folder)
        assert contents(folder) == reference, f"{model}, kill {number}"
        shutil.rmtree(folder)
        return killed

    count = -(-KILLS * SHARES[model] // 30)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        killed = sum(pool.map(survives, range(count)))
    assert killed >= 0.5 * count  # or the kills come too late to prove anything


@pytest.fixture
def disk(tmp_path):
    """A folder on a disk of its own with 200 KiB: room for the network's first checkpoints and no more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    programs.need("mount")
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        programs.lack(f"a small disk cannot be mounted here: {process.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(prepared, tmp_path, disk):
    run = disk / "run-1"
    process = start(prepared, "mlp", run)
    said, _ = process.communicate()
    assert process.returncode == 2, said
    assert "the disk is full; free some space and run the workflow again" in said
    assert "Traceback" not in said

    remount(disk, "size=100m")
    assert "going on from the checkpoint at step" in finish(prepared, "mlp", run)
    untouched = tmp_path / "untouched"
    finish(prepared, "mlp", untouched)
    assert contents(run) == contents(untouched)


def test_a_read_only_folder_is_one_clear_error(prepared, disk):
    run = disk / "run-1"
    (run / "scratch").mkdir(parents=True)
    remount(disk, "ro")
    process = prepared.train(prepared.results("mlp") / "spec.json", run)
    remount(disk, "rw")
    assert process.returncode == 2, process.stdout
    assert "the disk is read-only; make it writable" in process.stdout
    assert "Traceback" not in process.stdout
