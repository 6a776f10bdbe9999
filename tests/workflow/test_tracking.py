"""Tracking with MLflow: what is written, that it is written once whatever happens, and the model at work."""

import json
import os
import queue
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import requests

import wheels
from made import finish, train
from recipes import trees
from samebits import config
from samebits.sealed import ledger
from samebits.sealed.errors import Refused
from samebits.tracking.destination import place
from samebits.tracking.entry import COMPLETE
from samebits.tracking.gather import gather
from samebits.tracking.store import open_store
from samebits.tracking.track import _track, track
from workspace import ROOT

MLFLOW = Path(sys.executable).parent / "mlflow"
#: an activated environment, in which MLflow asks nothing of the network and starts no job runners
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{MLFLOW.parent}{os.pathsep}{os.environ['PATH']}",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
LOSSES = [2.3 * 0.97**step for step in range(20)]


def made(folder, fault=None, losses=LOSSES):
    """Make the results of a model of two runs, with what the workflow leaves beside them."""
    for run in (1, 2):
        train(folder, losses, f"run-{run}", fault if run == 2 else None)
        measured = {"s": 2.5, "cpu_time": 2.0, "max_rss": 70.5, "max_pss": "NA", "h:m:s": "0:00:02"}
        (folder / f"run-{run}" / "benchmark.jsonl").write_text(json.dumps(measured) + "\n")
    spec = ledger.read(folder / "run-1" / "ledger.jsonl")[0].spec
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "lint.sarif").write_text(json.dumps({"runs": [{"results": [{"level": "warning"}]}]}))
    (folder / "receipt.intoto.json").write_text("{}")
    finish(folder)
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A SQLite file with MLflow's tables, which take seconds to make."""
    file = tmp_path_factory.mktemp("empty") / "mlflow.db"
    with open_store(place(f"sqlite:///{file}")):
        return file


@pytest.fixture(scope="module")
def base(tmp_path_factory, empty):
    """A store of this file's tests, each of which has an experiment of its own."""
    return f"sqlite:///{shutil.copy(empty, tmp_path_factory.mktemp('store'))}"


@pytest.fixture
def where(base, request):
    return place(base, request.node.name)


@pytest.fixture
def look(where):
    """Return what a store holds of an experiment, without the names that it gives."""

    def look(where=where):
        with open_store(where) as store:
            client = store.client
            found = {}
            for run in client.search_runs([store.experiment]):
                histories = [
                    m for k in run.data.metrics for m in client.get_metric_history(run.info.run_id, k)
                ]
                models = client.search_logged_models([store.experiment])
                assert run.info.run_name not in found
                found[run.info.run_name] = {
                    "status": run.info.status,
                    "times": (run.info.start_time, run.info.end_time),
                    "tags": run.data.tags,
                    "params": run.data.params,
                    "metrics": sorted((m.key, m.step, m.value, m.timestamp) for m in histories),
                    "data": [d.dataset.name for d in run.inputs.dataset_inputs],
                    "files": sorted(a.path for a in client.list_artifacts(run.info.run_id)),
                    "models": [m.status for m in models if m.source_run_id == run.info.run_id],
                }
            return found

    return look


def versions(where, name):
    """Return the aliases of each registered version of a model."""
    with open_store(where) as store:
        found = store.client.search_model_versions(f"name = '{name}'")
        return [store.client.get_model_version(name, v.version).aliases for v in found]


def test_a_run_is_what_its_ledger_says(tmp_path, where, look):
    folder = made(tmp_path / "same")
    (outcome,) = track([gather(folder)], where)
    assert (outcome.pending, outcome.version, list(outcome.runs)) == (None, None, ["run-1", "run-2"])
    run = look()["same/run-1"]
    assert run["status"] == "FINISHED"
    records = ledger.read(folder / "run-1" / "ledger.jsonl")
    steps = [(r.step, float.fromhex(r.loss)) for r in records if r.kind == "step"]
    assert [(step, value) for key, step, value, _ in run["metrics"] if key == "loss"] == steps
    end = 1767225600000  # 2026-01-01, when the one segment of 2.2 seconds ended
    assert run["times"] == (end - 2200, end)
    assert [t for key, _, _, t in run["metrics"] if key == "loss"][-1] == end - 100
    values = {key: value for key, _, value, _ in run["metrics"]}
    assert values["accuracy"] == 0.75
    assert values["system/max_rss_megabytes"] == 70.5
    assert values["system/train_seconds"] == 2.0
    assert "system/max_pss_megabytes" not in values
    assert run["params"]["params.lr"] == "0.1"
    assert run["params"]["tier"] == "deterministic"
    tags = run["tags"]
    assert tags["samebits.verdict"] == "identical"
    assert tags["samebits.ledger"] == ledger.head(folder / "run-1" / "ledger.jsonl")
    assert tags["samebits.lint"] == "1 warning"
    assert tags["fingerprint.cpu.model"] == "A & B"
    assert tags["samebits.receipt"].startswith("sha256:")
    assert "same: 2 runs of 20 steps are identical" in tags["mlflow.note.content"]
    assert run["data"] == ["sklearn:digits"]
    expected = (
        "benchmark.jsonl fingerprint.json ledger.jsonl lint.sarif receipt.intoto.json spec.json timing.jsonl"
    )
    assert run["files"] == [*expected.split(), "verdict.json"]


def test_again_changes_nothing_and_what_is_new_is_added(tmp_path, where, look):
    folder = made(tmp_path / "same")
    track([gather(folder)], where)
    before = look()
    first = track([gather(folder)], where)
    assert look() == before
    (folder / "receipt.intoto.json").write_text('{"another": 1}')
    assert track([gather(folder)], where) == first
    after = look()
    assert after["same/run-1"]["tags"]["samebits.receipt"] != before["same/run-1"]["tags"]["samebits.receipt"]
    assert after["same/run-1"]["metrics"] == before["same/run-1"]["metrics"]


class Stopped(BaseException):
    """As a kill would: nothing catches it."""


class Stopping:
    """MLflow's client, which ends the process, so to say, before or after its call of a number."""

    def __init__(self, client, at, after):
        self._client, self._left, self._after = client, at, after

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*arguments, **named):
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Stopped
            value = method(*arguments, **named)
            if self._left == 0:
                raise Stopped
            return value

        return call


def test_an_interruption_anywhere_is_caught_up_on(tmp_path, empty, look, monkeypatch):
    """Stop at each call in turn until the first run is complete, and the model with it."""
    folder = made(tmp_path / "made" / "model", losses=LOSSES[:2])
    wheels.wheel(folder)
    model = gather(folder)
    monkeypatch.setattr("samebits.tracking.write._METRICS", 12)

    def fresh(name):
        file = tmp_path / f"{name}.db"
        shutil.copy(empty, file)
        return place(f"sqlite:///{file}", "stopped", artifacts=str(tmp_path / name))

    track([model], whole := fresh("whole"))
    expected, number, complete = look(whole), 0, False
    while not complete:
        number += 1
        here = fresh(f"{number}")
        with open_store(here) as store, pytest.raises(Stopped):
            _track(replace(store, client=Stopping(store.client, number, after=number % 2)), model)
        complete = any(COMPLETE in run["tags"] for run in look(here).values())
        assert track([model], here)[0].version == "1"
        assert look(here) == expected, number
        assert versions(here, "model") == [["verified"]]
    assert number > 15


def test_only_what_is_identical_is_registered(tmp_path, base, look):
    same, other = place(base, "same"), place(base, "other")
    folder = made(tmp_path / "verified-only")
    wheels.wheel(folder)
    assert track([gather(folder)], same)[0].version == "1"
    assert versions(same, "verified-only") == [["verified"]]
    assert look(same)["verified-only/run-1"]["models"] == ["READY"]

    # the twin: a wheel that nobody may have made lies there, and the verdict is another
    folder = made(tmp_path / "parting", fault=10)
    wheels.wheel(folder)
    (outcome,) = track([gather(folder)], other)
    assert (outcome.pending, outcome.version) == (None, None)
    runs = look(other)
    assert [run["tags"]["samebits.verdict"] for run in runs.values()] == ["different", "different"]
    assert "run-1 and run-2 part at step 10" in runs["parting/run-1"]["tags"]["mlflow.note.content"]
    assert [run["models"] for run in runs.values()] == [[], []]
    assert versions(other, "parting") == []


def test_a_verdict_that_no_longer_holds_takes_the_alias_away(tmp_path, where):
    folder = made(tmp_path / "fallen")
    wheels.wheel(folder)
    track([gather(folder)], where)
    shutil.rmtree(folder / "run-2")
    train(folder, LOSSES, "run-2", 10)
    finish(folder)
    track([gather(folder)], where)
    assert versions(where, "fallen") == [[]]
    with open_store(where) as store:
        (run,) = store.client.search_runs([store.experiment], "attributes.run_name = 'fallen/run-1'")
    assert run.data.tags["samebits.verdict"] == "different"


@dataclass(frozen=True)
class Registered:
    """Two versions of a model in a registry, and what each predicts."""

    uri: str
    artifacts: Path
    predictions: list[np.ndarray]


@pytest.fixture(scope="module")
def registered(tmp_path_factory, base):
    folder = tmp_path_factory.mktemp("registered")
    where = place(base, "registered", artifacts=str(folder / "artifacts"))
    predictions = []
    for version, losses in enumerate((LOSSES, LOSSES[:4]), 1):
        results = made(folder / str(version) / "two-versions", losses=losses)
        _, predicted = wheels.wheel(results, scale=version)
        assert track([gather(results)], where)[0].version == str(version)
        predictions.append(predicted)
    assert versions(where, "two-versions") == [["verified"], []]  # the newest first
    return Registered(base, folder / "artifacts", predictions)


def test_the_model_is_loaded_without_samebits_and_each_version_is_itself(registered, tmp_path):
    code = """
import json, sys
sys.modules["samebits"] = None
import mlflow, numpy, pandas
load = mlflow.pyfunc.load_model
first, second = load("models:/two-versions/1"), load("models:/two-versions@verified")
rows = second.input_example
table = pandas.DataFrame(rows, columns=["a", "b", "c"])
print(json.dumps([model.predict(x).tolist() for model in (first, second) for x in (rows, table)]))
try:
    first.predict(numpy.zeros((2, 4), numpy.float32))
except mlflow.exceptions.MlflowException as error:
    print(" ".join(str(error).split()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**ENVIRONMENT, "MLFLOW_TRACKING_URI": registered.uri},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, refused = done.stdout.splitlines()
    one, two = (predicted.tolist() for predicted in registered.predictions)
    assert json.loads(found) == [one, one, two, two]
    assert "(-1, 3)" in refused


def test_nothing_in_it_is_a_pickle(registered):
    files = [path for path in registered.artifacts.rglob("*") if path.is_file()]
    assert {"MLmodel", "requirements.txt", "signature.json", "input_example.json"} <= {f.name for f in files}
    for path in files:
        assert path.suffix not in (".pkl", ".pickle", ".joblib", ".pt", ".pyc"), path
        assert not re.match(rb"\x80[\x02-\x05]", path.read_bytes()), path
    requirements = {path.read_text() for path in files if path.name == "requirements.txt"}
    assert requirements == {f"mlflow==3.17.2\nnumpy=={np.__version__}"}


class Server:
    """A real server of MLflow's or of a model, which can be killed as if its machine lost power."""

    def __init__(self, *command, cwd, **variables):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._command = [str(MLFLOW), *map(str, command), "--host", "127.0.0.1", "--port", str(self.port)]
        self._folder, self._variables, self._process = cwd, variables, None

    def start(self):
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1", **self._variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self._said = queue.SimpleQueue()
        threading.Thread(target=self._read, args=[self._process.stdout, self._said], daemon=True).start()
        self.wait_for("Uvicorn running on")

    @staticmethod
    def _read(stream, said):
        for line in stream:
            said.put(line)
        said.put(None)

    def wait_for(self, text, times=1):
        """Wait until the server has said a text so many times more."""
        heard = []
        while times:
            heard.append(line := self._said.get(timeout=300))
            assert line is not None, "".join(heard[:-1])
            times -= text in line

    def kill(self):
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path, empty):
    """A server of MLflow's that is not started yet."""
    database = tmp_path / "server.db"
    shutil.copy(empty, database)
    options = ["--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", tmp_path / "stored"]
    server = Server("server", *options, "--workers", "1", cwd=tmp_path)
    yield server, database
    server.kill()


def test_the_model_is_served(registered, tmp_path):
    variables = {"MLFLOW_TRACKING_URI": registered.uri}
    options = ["-m", "models:/two-versions@verified", "--env-manager", "local", "--workers", "1"]
    served = Server("models", "serve", *options, cwd=tmp_path, **variables)
    try:
        served.start()
        rows = {"inputs": wheels.ROWS.tolist()}
        answer = requests.post(f"{served.uri}/invocations", json=rows, timeout=60)
        found = np.array(answer.json()["predictions"], np.float32)
    finally:
        served.kill()
    assert found.tobytes() == registered.predictions[1].tobytes()


def test_a_server_that_is_down_or_killed_is_caught_up_on(workspace, tmp_path_factory, server, base):
    """Down when `mlflow run` starts a model, there at the next run, killed within a long run, restarted."""
    server, database = server
    workspace.write_recipe("trees.py", trees(tmp_path_factory.mktemp("m") / "m"))
    model = {"framework": "xgboost", "recipe": "trees.py:Trees", "data": "sklearn:breast_cancer", "steps": 4}
    workspace.write_config(models={"a": model}, tracking={"uri": server.uri})
    shutil.copy(ROOT / "MLproject", workspace.folder)
    started = subprocess.run(
        [MLFLOW, "run", ".", "--env-manager", "local", "-P", "model=a", "-P", "target=tracked.json"],
        cwd=workspace.folder,
        env={**ENVIRONMENT, "MLFLOW_TRACKING_URI": base},  # where mlflow keeps that it was called
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = started.stdout
    assert started.returncode == 0, said
    assert f"not tracked yet: a: {server.uri}: [Errno 111] Connection refused; nothing is lost" in said
    assert f"samebits track results/a --uri {server.uri}" in said
    assert "Traceback" not in said
    told = json.loads((workspace.results("a") / "tracked.json").read_text())
    assert (told["status"], told["failures"], told["runs"]) == ("pending", 1, {})
    assert workspace.verdict("a")["verdict"] == "identical"
    assert json.loads((workspace.results("a") / "run-1" / "benchmark.jsonl").read_text())["s"] > 0

    server.start()
    said = workspace.run().stdout
    assert "training a" not in said
    told = json.loads((workspace.results("a") / "tracked.json").read_text())
    assert (told["status"], list(told["runs"])) == ("tracked", ["run-1", "run-2"])
    told = json.loads((workspace.results("a") / "registered.json").read_text())
    assert (told["status"], told["version"]) == ("tracked", "1")
    assert "Nothing to be done" in workspace.run("--dry-run").stdout

    long = made(workspace.folder / "results" / "long", losses=[1 / step for step in range(1, 10_001)])
    command = [str(Path(sys.executable).parent / "samebits"), "track", str(long), "--uri", server.uri]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        server.wait_for("runs/log-batch", times=4)
        server.kill()
        said = process.stderr.read()
    assert process.returncode == 1
    assert said.startswith(f"samebits: not tracked yet: long: {server.uri}: ")
    assert len(said.splitlines()) == 1

    server.start()
    assert subprocess.run(command).returncode == 0
    assert subprocess.run(command).returncode == 0
    server.kill()
    with sqlite3.connect(database) as connection:
        names = connection.execute("SELECT name FROM runs WHERE lifecycle_stage = 'active'").fetchall()
        losses = connection.execute("SELECT run_uuid, step FROM metrics WHERE key = 'loss'").fetchall()
    assert sorted(names) == [("a/run-1",), ("a/run-2",), ("long/run-1",), ("long/run-2",)]
    assert len(losses) == len(set(losses)) == 2 * 4 + 2 * 10_000


def test_a_wheel_of_another_run_and_a_torn_one_are_refused(tmp_path, where):
    folder = made(tmp_path / "model")
    path, _ = wheels.wheel(made(tmp_path / "other" / "model", losses=LOSSES[:4]))
    with pytest.raises(Refused, match="is of another run of the model; package it again"):
        track([gather(folder, path)], where)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Refused, match="is broken"):
        track([gather(folder, path)], where)
    assert versions(where, "model") == []


def test_what_changed_since_the_verdict_is_refused(tmp_path):
    folder = made(tmp_path / "model")
    shutil.rmtree(folder / "run-2")
    train(folder, LOSSES, "run-2", 10)
    with pytest.raises(Refused, match="is not the ledger that the verdict was drawn from"):
        gather(folder)


@pytest.mark.parametrize(
    ("tracking", "said"),
    [
        ({"url": "http://x"}, "tracking.url: unknown key; did you mean 'uri'?"),
        ({"uri": "mlruns"}, "tracking: 'mlruns' is no tracking URI; give http"),
        (
            {"uri": "http://me:secret@host"},
            "tracking: a password must not stand in a tracking URI; set MLFLOW_",
        ),
        ({"uri": "postgresql://host/db"}, "tracking: a database keeps no files; say with artifacts:"),
        ({"uri": "sqlite://"}, "a SQLite store needs a file"),
        ({"alias": "1.0"}, "tracking.alias: "),
    ],
)
def test_a_wrong_config_is_refused(tracking, said):
    models = {"a": {"framework": "xgboost", "recipe": "x.py:X", "data": "sklearn:wine", "steps": 1}}
    with pytest.raises(Refused, match=r"config: ") as refused:
        config.load({"models": models, "tracking": tracking})
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_without_mlflow_the_config_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    recipe = "config/recipes/cancer_trees.py:CancerTrees"
    models = {"a": {"framework": "xgboost", "recipe": recipe, "data": "sklearn:breast_cancer", "steps": 9}}
    with pytest.raises(
        Refused, match=r"config: tracking: MLflow is not installed; install it with pip install"
    ):
        config.load({"models": models, "tracking": {}}, roots=[ROOT])
    config.load({"models": models, "tracking": {"enabled": False}}, roots=[ROOT])
    config.load({"models": models}, roots=[ROOT])
