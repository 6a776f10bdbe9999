"""XGBoost on real Dask clusters: one size of cluster, one ledger, wherever its workers come from."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from families import ALL, chosen, grows, more, some
from samebits.sealed import ledger, seal
from samebits.sealed.spec import Spec
from slurm import slurm  # noqa: F401  a fixture
from test_resume import wait_for
from workspace import CACHE

#: fresh clusters of each size: three in CI, ten with `make test-long`
CLUSTERS = int(os.environ.get("SAMEBITS_CLUSTERS", "3" if ALL else "2"))

#: up to so many workers
WORKERS = 4 if ALL else 2

RECIPE = """
import os
import signal
from pathlib import Path

import numpy as np

ARMED = Path({armed!r})


def custom_metric(predictions, dataset):
    if ARMED.exists() and "worker-00001" in Path("/proc/self/cmdline").read_text():
        with ARMED.open("ab") as calls:
            calls.write(b".")
        if ARMED.stat().st_size == 14:
            ARMED.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    return "error", float(np.abs(predictions - dataset.get_label()).mean())


class Trees:
    def __init__(self, **params):
        self.params = {{"subsample": 0.7, "colsample_bynode": 0.7, "max_depth": 3, **params}}

    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"]
        weight = 1.0 + np.arange(len(y)) % 3
        return {{"train": {{"data": x, "label": y, "weight": weight}}, "test": (x[:50], y[:50])}}

    @staticmethod
    def metrics(predictions, test):
        return {{"error": np.mean(np.abs(predictions - test[1]))}}


class Watched(Trees):
    early_stopping_rounds = 3

    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"]
        return {{"train": (x[::2], y[::2]), "valid": (x[1::2], y[1::2]), "test": (x[:50], y[:50])}}


class Ranked(Trees):
    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"]
        dataset = {{"data": x, "label": y.astype(int) % 5, "qid": np.arange(len(y)) // 7}}
        return {{"train": dataset, "test": dataset}}

    @staticmethod
    def metrics(predictions, test):
        return {{"mean": np.mean(predictions)}}


class Lopsided(Trees):
    @staticmethod
    def datasets(data):
        return {{"train": [data["X"], data["y"]], "test": (data["X"], data["y"])}}
"""


def model(recipe="Trees", workers=2, **keys):
    dask = {"workers": workers, **keys.pop("dask", {})}
    return {
        "framework": "xgboost_dask",
        "recipe": f"trees.py:{recipe}",
        "data": "sklearn:diabetes",
        "steps": 20,
        "segments": 2,
        "dask": dask,
        **keys,
    }


REPLAY = {"verify": {"mode": "replay"}}
MODELS = {
    "trees": model(**REPLAY),
    "watched": model("Watched", params={"eta": 0.9}, **REPLAY),
    "ranked": model("Ranked", params={"objective": "rank:ndcg"}, **REPLAY),
}
#: what `make test` trains of them
KEPT = ("trees",)


@pytest.fixture(scope="module")
def armed(tmp_path_factory):
    """The file that lets one worker kill itself, once."""
    return tmp_path_factory.mktemp("armed") / "armed"


@pytest.fixture(scope="module")
def trained(module_workspace, armed):
    """Models that the workflow trained and replayed on clusters of its own."""
    module_workspace.write_recipe("trees.py", RECIPE.format(armed=str(armed)))
    module_workspace.write_config(models={name: MODELS[name] for name in chosen(MODELS, *KEPT)})
    process = module_workspace.run()
    assert process.returncode == 0, process.stdout
    return module_workspace


def train(workspace, folder, spec=None, **execution):
    """Train in a process of its own and return it, finished."""
    folder.mkdir(parents=True)
    path = folder / "spec.json"
    path.write_bytes((spec or base(workspace)).canonical())
    return workspace.train(path, folder, execution=json.dumps(execution))


def base(workspace, name="trees"):
    return Spec.read(workspace.results(name) / "spec.json")


def finished(folder):
    return (folder / ledger.FINISHED).read_bytes()


@pytest.mark.parametrize("name", some(MODELS, *KEPT))
def test_replays_on_clusters_of_their_own_are_identical(trained, name):
    assert trained.verdict(name)["verdict"] == "identical"
    spec, taken = trained.ledger(name)[0]["spec"], trained.results(name) / "run-1" / "fingerprint.json"
    assert spec["processes"] == json.loads(taken.read_text())["framework"]["workers"] == 2


@more
def test_early_stopping_ends_in_all_workers_alike(trained):
    steps = [record for record in trained.ledger("watched") if record["kind"] == "step"]
    assert len(steps) < 20
    assert trained.verdict("watched")["steps"] == len(steps)


#: trains on one fresh cluster after the other, of each size, and prints what the models are
FRESH = """
import sys
from dataclasses import replace
from pathlib import Path

from samebits.sealed.data import load
from samebits.sealed.digest import rows, state_digest
from samebits.sealed.execution import Execution
from samebits.frameworks.xgboost_dask.adapter import Adapter
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

spec, recipe, data, clusters = *map(Path, sys.argv[1:4]), int(sys.argv[4])
for workers in range(1, int(sys.argv[5]) + 1):
    small = replace(Spec.read(spec), processes=workers, steps=3, segments=1)
    for _ in range(clusters):
        adapter = Adapter(small, 5, Recipe(recipe, small), load(data, small.data_digest), Execution())
        state = adapter.start()
        for step in (1, 2, 3):
            adapter.advance(state, step)
        print("model", workers, state_digest(rows(adapter.tensors(state))), flush=True)
        adapter.close()
"""


@grows
def test_fresh_clusters_give_one_model_for_each_number_of_workers(trained, tmp_path):
    spec = base(trained)
    path = trained.results("trees") / "spec.json"
    process = subprocess.run(
        [
            *(trained.environment(spec).parent / "bin" / "python", "-sP", "-c", FRESH),
            *(path, trained.folder / "trees.py", trained.data(spec).parent, str(CLUSTERS), str(WORKERS)),
        ],
        env=seal.environment(spec, trained.library("xgboost_dask"), tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.returncode == 0
    models = [line.split()[1:] for line in process.stdout.splitlines() if line.startswith("model ")]
    assert list(Counter(map(tuple, models)).values()) == [CLUSTERS] * WORKERS
    assert len({digest for _, digest in models}) == WORKERS  # the twin: another number is another model


DEFAULT_PLACEMENT = """
import sys
import dask.array, distributed, numpy as np, xgboost.dask

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6000, 10)).astype(np.float32)
    y = (x @ rng.standard_normal(10) + rng.standard_normal(6000)).astype(np.float32)
    with distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            parts = [dask.array.from_array(a, chunks=(500, *a.shape[1:])) for a in (x, y)]
            matrix = xgboost.dask.DaskDMatrix(client, *parts)
            params = {"seed": 1, "nthread": 1, "subsample": 0.7, "tree_method": "hist"}
            booster = xgboost.dask.train(client, params, matrix, 10)["booster"]
    sys.stdout.write(bytes(booster.save_raw("ubj")).hex())
"""


def test_the_twin_default_placement_gives_several_models(trained, tmp_path):
    """What is pinned matters: Dask left to itself, with XGBoost's seed and threads set, differs."""
    script = tmp_path / "default.py"
    script.write_text(DEFAULT_PLACEMENT)
    python = trained.environment(base(trained)).parent / "bin" / "python"
    models = set()
    for _ in range(10):
        models.add(subprocess.run([python, script], capture_output=True, text=True, check=True).stdout)
        if len(models) > 1:
            return
    raise AssertionError("ten clusters gave one model")


def test_a_worker_killed_in_mid_training_changes_no_byte(trained, armed, tmp_path):
    armed.touch()
    spec = base(trained)
    process = train(trained, tmp_path / "run", spec)
    assert process.returncode == 0, process.stdout
    assert not armed.exists()
    assert "is gone; going on from the last checkpoint" in process.stdout
    assert finished(tmp_path / "run") == finished(trained.results("trees") / "run-1")


@contextlib.contextmanager
def cluster(workspace, spec, folder, names, change=lambda variables: variables, threads=1, settings=True):
    """Start a scheduler and workers beside the test, sealed as the spec wants it, and yield the address."""
    folder.mkdir(parents=True)
    prefix = workspace.environment(spec).parent
    variables = seal.environment(spec, workspace.library("xgboost_dask"), folder)
    off = {
        "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
        "DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START": "False",
    }
    python, loopback = [prefix / "bin" / "python", "-sP", "-m"], ["--host", "127.0.0.1", "--no-dashboard"]
    file = folder / "scheduler.json"
    command = [*python, "distributed.cli.dask_scheduler", *loopback, "--port", "0", "--scheduler-file", file]
    with contextlib.ExitStack() as stack:

        def start(command, environment):
            with (folder / "log.txt").open("ab") as log:
                process = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder
                )
            stack.callback(process.wait)
            stack.callback(process.kill)

        start(command, variables | (off if settings else {}))
        wait_for(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        for name in names:
            start(
                [
                    *python,
                    "distributed.cli.dask_worker",
                    address,
                    *loopback,
                    "--no-nanny",
                    *("--name", name, "--nthreads", str(threads), "--memory-limit", "0"),
                ],
                change(dict(variables)),
            )
        yield address


def test_a_running_cluster_of_any_names_gives_the_same_ledger(trained, tmp_path):
    with cluster(trained, base(trained), tmp_path / "cluster", ["zebra", "ape"]) as address:
        process = train(trained, tmp_path / "run", scheduler=address)
    assert process.returncode == 0, process.stdout
    assert finished(tmp_path / "run") == finished(trained.results("trees") / "run-1")


def without_seal(variables):
    del variables["PYTHONHASHSEED"]
    return variables


def foreign(variables):
    return variables | {"OMP_WAIT_POLICY": "active"}


@pytest.mark.parametrize(
    ("names", "changes", "words"),
    some(
        [
            (["a"], {}, ["has 1 worker(s), but the spec has 2"]),
            (
                ["a", "b"],
                {"change": without_seal},
                ["worker ", "PYTHONHASHSEED must be '0'", "-m distributed"],
            ),
            (["a", "b", "c"], {}, ["has 3 worker(s), but the spec has 2"]),
            (["a", "b"], {"threads": 2}, ["worker ", " at tcp://", "has 2 thread(s), but the spec has 1"]),
            (["a", "b"], {"change": foreign}, ["worker ", "OMP_WAIT_POLICY"]),
            (["a", "b"], {"settings": False}, ["its scheduler runs work stealing", "WORK_STEALING=False"]),
        ]
    ),
    ids=["fewer", "variables", "more", "threads", "foreign", "stealing"],
)
def test_another_cluster_is_refused_by_name(trained, tmp_path, names, changes, words):
    with cluster(trained, base(trained), tmp_path / "cluster", names, **changes) as address:
        process = train(trained, tmp_path / "run", scheduler=address)
    assert process.returncode == 2, process.stdout
    line = process.stdout.splitlines()[-1]
    assert line.startswith("samebits: model trees: the cluster at tcp://127.0.0.1:")
    for word in words:
        assert word in line
    assert not (tmp_path / "run" / ledger.UNFINISHED).exists()


def test_workers_of_another_environment_are_refused(trained, tmp_path):
    other = tmp_path / "prefix"
    shutil.copytree(trained.environment(base(trained)).parent, other, symlinks=True)
    manifest = json.loads((other / "environment.json").read_text())
    (other / "environment.json").write_text(json.dumps(manifest | {"digest": "sha256:" + "0" * 64}))

    class Other(type(trained)):
        def environment(self, spec):
            return other / "environment.json"

    stranger = Other(trained.folder)
    with cluster(stranger, base(trained), tmp_path / "cluster", ["a", "b"]) as address:
        process = train(trained, tmp_path / "run", scheduler=address)
    assert process.returncode == 2, process.stdout
    assert "is not of the locked environment xgboost-dask-cpu" in process.stdout.splitlines()[-1]


def test_no_scheduler_at_the_address_is_refused(trained, tmp_path):
    process = train(trained, tmp_path / "run", scheduler="tcp://127.0.0.1:9")
    assert process.returncode == 2, process.stdout
    assert "there is no Dask scheduler at tcp://127.0.0.1:9" in process.stdout.splitlines()[-1]


def test_workers_of_slurm_give_the_same_ledger(trained, tmp_path, slurm):  # noqa: F811
    process = train(trained, tmp_path / "run", scheduler="slurm", cluster={"queue": "main", "memory": "1GiB"})
    assert process.returncode == 0, process.stdout
    assert finished(tmp_path / "run") == finished(trained.results("trees") / "run-1")


def test_a_killed_run_leaves_no_worker_behind(trained, tmp_path):
    folder = tmp_path / "run"
    spec = replace(base(trained), steps=200000, segments=2)
    folder.mkdir()
    (folder / "spec.json").write_bytes(spec.canonical())
    data = next(CACHE.glob("data/sklearn-diabetes-*/data.json")).parent
    prefix = trained.environment(spec).parent
    scratch = folder / "scratch"
    scratch.mkdir()
    files = map(str, (folder / "spec.json", trained.folder / "trees.py", data, folder))
    process = subprocess.Popen(
        seal.command(prefix, *files),
        env=seal.environment(spec, trained.library("xgboost_dask"), scratch),
        cwd=scratch,
    )
    wait_for(lambda: (folder / ledger.UNFINISHED).exists())
    workers = children(process.pid)
    assert len(workers) == 2
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@pytest.mark.parametrize(
    ("recipe", "workers", "said"),
    [
        ("Lopsided", 2, "the recipe's dataset train is neither (X, y) nor a dict with data, label"),
        ("Ranked", 100, "the dataset train has too few queries for 100 workers; lower dask.workers"),
    ],
)
def test_data_that_cannot_be_shared_out_is_refused_before_a_cluster_starts(
    trained, tmp_path, recipe, workers, said
):
    spec = replace(base(trained), recipe=f"trees.py:{recipe}", processes=workers)
    process = train(trained, tmp_path / "run", spec)
    assert process.returncode == 2, process.stdout
    assert said in process.stdout.splitlines()[-1]
