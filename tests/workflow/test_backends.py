"""One recipe in all three backends: equal libraries, equal ledgers; else fingerprints say what differs."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import conda_channel
import containers
import programs
from samebits.environments import read
from samebits.environments.backends.conda import shim, solve
from samebits.environments.backends.container import oci
from samebits.environments.lock import read_lock
from samebits.environments.specification import find
from samebits.sealed import fingerprint
from workspace import ROOT, Workspace

MODEL = {
    "framework": "xgboost",
    "recipe": "trees.py:Trees",
    "data": "sklearn:breast_cancer",
    "steps": 12,
    "segments": 2,
}
#: prepares the data by matrix products, so that the BLAS counts, down to the last bit
RECIPE = """
import numpy as np
from xgboost import DMatrix


class Trees:
    params = {"objective": "binary:logistic", "max_depth": 3, "subsample": 0.7}

    @staticmethod
    def datasets(data):
        x, y = data["X"], data["y"]
        x = np.hstack([x, x - x @ np.linalg.inv(x.T @ x) @ x.T @ x])  # what rounding leaves of zero
        return {"train": DMatrix(x, y), "test": DMatrix(x[:100], y[:100])}

    @staticmethod
    def metrics(predictions, test):
        return {"accuracy": np.mean((predictions > 0.5) == test.get_label())}
"""
BACKENDS = ("pip", "conda", "container")
BILL = "results/environments/xgboost-cpu.cdx.json"
OTHER_NUMPY = "2.2.6"  # with an OpenBLAS of its own


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A recipe trained in each backend, and in a conda environment with another NumPy."""
    programs.need(*programs.CONTAINERS)
    folder = tmp_path_factory.mktemp("backends")
    workspace = Workspace(folder)
    (folder / "trees.py").write_text(RECIPE)
    variables = containers.settings(folder / "containers")
    variables["SAMEBITS_CONDA_MIRROR"] = (folder / "channels").as_uri()
    variables["SAMEBITS_PACKAGES"] = str(workspace.cache / "packages")
    conda_channel.channel(folder / "channels" / "conda-forge", ["pip", f"numpy=={OTHER_NUMPY}"])
    specify(folder, "xgboost-cpu", "")
    specify(folder, "other-numpy", f"  - numpy={OTHER_NUMPY}\n")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        models = {
            backend: {**MODEL, "backend": backend, "environment": "xgboost-cpu"} for backend in BACKENDS
        }
        models["long"] = {**models["container"], "steps": 1600, "segments": 16}
        models["other"] = {**MODEL, "backend": "conda", "environment": "other-numpy"}
        workspace.write_config(models=models, cache=str(folder / "cache"))
        equal = [f"results/{backend}/verified" for backend in BACKENDS]
        shutil.copy(ROOT / "envs/xgboost-cpu/requirements.lock", folder / "envs/xgboost-cpu")
        refused = workspace.run()
        assert refused.returncode != 0
        assert "envs/xgboost-cpu/requirements.lock was not made from" in refused.stdout  # as it is here
        assert "envs/other-numpy/conda-lock.yml is missing: run `samebits lock other-numpy`" in refused.stdout
        process = workspace.run("lock")
        assert process.returncode == 0, process.stdout
        process = workspace.run(*equal, "results/long/spec.json", BILL)
        assert process.returncode == 0, process.stdout
        # two OpenBLAS may agree on a processor; the kernels of another one do not
        process = workspace.run("results/other/run-1/ledger.jsonl", OPENBLAS_CORETYPE="Nehalem")
        assert process.returncode == 0, process.stdout
        yield workspace
        subprocess.run(["podman", "rmi", "--all", "--force"], stdout=subprocess.DEVNULL)


def specify(folder, name, conda):
    """Write an environment with XGBoost from wheels and some packages from conda."""
    path = folder / "envs" / name / "environment.yaml"
    path.parent.mkdir(parents=True)
    wheels = "".join(f"      - {each}\n" for each in ("xgboost-cpu==3.2.0", "numpy", "blake3", "safetensors"))
    head = f"name: {name}\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n"
    path.write_text(f"{head}{conda}  - pip:\n{wheels}")


def trained_ledger(workspace, model):
    """Return a ledger without what its spec says of the environment and of the model's name."""
    records = workspace.ledger(model)
    for record in records:
        record.pop("prev", None)  # the chain begins with the spec
    spec = records[0]["spec"]
    for key in ("model", "environment", "environment_digest"):
        spec.pop(key)
    return records


def test_the_workflow_renews_locks_and_writes_a_bill_of_them(trained):
    """The fixture was refused with a lock out of step and one that was missing, and ran the target `lock`."""
    source = find("xgboost-cpu", [trained.folder])
    bill = json.loads((trained.folder / BILL).read_text())
    assert {each["name"]: each["version"] for each in bill["components"]} == read_lock(source)
    assert {each.name for each in solve.read_lock(source, solve.here())} == {"python", "pip"}


def differences(workspace, model):
    taken = (workspace.results(each) / "run-1" / "fingerprint.json" for each in ("pip", model))
    return fingerprint.differences(*(json.loads(path.read_text()) for path in taken))


@pytest.mark.parametrize("backend", ["conda", "container"])
def test_with_equal_libraries_the_ledgers_are_equal(trained, backend):
    assert trained_ledger(trained, backend) == trained_ledger(trained, "pip")
    for path in ("predictions.safetensors", "model/model.ubj"):
        files = [trained.results(each) / "run-1" / path for each in ("pip", backend)]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert not {key for key in differences(trained, backend) if key.startswith("numpy")}


def test_the_spec_says_which_environment_it_was(trained):
    specs = {model: trained.ledger(model)[0]["spec"] for model in BACKENDS}
    assert len({spec["environment_digest"] for spec in specs.values()}) == 3
    for backend in specs:
        (found,) = trained.folder.glob(
            f"cache/envs{'' if backend == 'pip' else '/' + backend}/xgboost-cpu-*/"
        )
        manifest = read(found)
        assert (manifest.backend, manifest.digest) == (backend, specs[backend]["environment_digest"])


def test_killed_in_its_container_a_training_goes_on_to_the_same_bytes(trained):
    workspace = replace(trained, cache=trained.folder / "cache")
    (environment,) = workspace.cache.glob("envs/container/xgboost-cpu-*/environment.json")
    spec = trained.results("long") / "spec.json"
    whole, killed = (trained.folder / name for name in ("whole", "killed"))
    done = workspace.train(spec, whole, environment=environment)
    assert done.returncode == 0, done.stdout
    arguments = workspace.measuring("train", spec, killed, environment=environment)
    process = subprocess.Popen([Path(sys.executable).parent / "samebits", *arguments], cwd=trained.folder)
    while len(list(killed.glob("checkpoints/*"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    training(killed).suspend()  # else it could come to its end before the next start
    process.kill()  # podman, which the command has become
    process.wait()
    listed = subprocess.run(["podman", "ps", "--quiet"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.split()) == 1
    assert not (killed / "ledger.jsonl").exists()
    done = workspace.train(spec, killed, environment=environment)
    assert done.returncode == 0, done.stdout
    assert "going on from the checkpoint at step" in done.stdout
    files = {path.relative_to(whole) for path in whole.rglob("*") if path.is_file()}
    assert files == {path.relative_to(killed) for path in killed.rglob("*") if path.is_file()}
    for path in files - {Path("timing.jsonl")}:
        assert (killed / path).read_bytes() == (whole / path).read_bytes(), path


def training(folder):
    """Find the process that trains into a folder in a container."""
    python = f"{oci.FOLDER}/bin/python"
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if command[0] == python and str(folder) in command:
            return process
    raise AssertionError(f"nothing trains into {folder}")


def test_with_another_blas_the_fingerprint_says_so(trained):
    found = differences(trained, "other")
    assert found["libraries.numpy"][1] == OTHER_NUMPY
    assert found["numpy.blas"][0] != found["numpy.blas"][1]
    assert found["variables.OPENBLAS_CORETYPE"] == (os.environ.get("OPENBLAS_CORETYPE"), "Nehalem")
    assert trained_ledger(trained, "other") != trained_ledger(trained, "pip")


def test_snakemakes_own_deployment_is_checked(trained, monkeypatch):
    """Its conda is ours; what it installs is what is locked, and a fresh solve is found."""
    folder = trained.folder
    monkeypatch.setenv("PATH", f"{shim.write(folder / 'conda').parent}{os.pathsep}{os.environ['PATH']}")
    target = "results/environments/xgboost-cpu.checked"
    done = trained.run(target, "--sdm", "conda")
    assert done.returncode == 0, done.stdout
    assert (folder / target).exists()

    (folder / target).unlink()
    pins = solve.pin_file(find("xgboost-cpu", [folder]), "linux-64")
    text = pins.read_text()
    pins.write_text(text.replace("pip-", "pip-0"))  # a package that is gone: Snakemake solves anew
    conda_channel.package(folder / "channels/conda-forge", "pip", "99", {"share/evil": "evil\n"}, ["python"])
    conda_channel.index(folder / "channels/conda-forge")
    solved = trained.run(target, "--sdm", "conda")
    assert solved.returncode != 0
    assert "Trying regular environment definition file" in solved.stdout
    assert "it has pip-99-0" in solved.stdout
    assert not (folder / target).exists()
