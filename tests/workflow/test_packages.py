"""Packages: the same bytes on every build, and installed anew they predict the bits of the ledger."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import requests
import yaml
from safetensors.numpy import load_file

import conda_channel
from families import some
from samebits.environments.lock import read_lock
from samebits.environments.specification import find
from samebits.packaging import stage
from samebits.packaging.description import Description
from samebits.packaging.metadata import CONDA
from samebits.proof import verdict
from samebits.receipt import keys
from samebits.sealed.spec import Spec
from workspace import CACHE, LONG

MODELS = (
    "cancer-trees",
    "diabetes-dask",
    "diabetes-trees",
    "digits-cnn",
    "digits-script",
    "wine-experts",
    "wine-pipeline",
)
#: models whose outputs are probabilities, or are made such
CLASSIFIERS = ("cancer-trees", "digits-cnn", "wine-experts", "wine-pipeline")
#: what `make test` installs of the wheels: trees, a network, and what is no network
KEPT = ("cancer-trees", "digits-cnn", "wine-pipeline")
#: those of PyTorch and TensorFlow are gigabytes; test_publish.py has one of XGBoost
CONDA_MODELS = MODELS if LONG else ("wine-pipeline",)


def dist(packaged, model, suffix):
    (path,) = (packaged.results(model) / "dist").glob(f"*{suffix}")
    return path


def inputs(packaged, model):
    """Return the test data of a model as it was given to it, and what the ledger's run predicted."""
    module = packaged.results(model) / "package" / "staging" / model.replace("-", "_")
    rows = load_file(module / "example.safetensors")["input.rows"]
    expected = load_file(packaged.results(model) / "run-1" / "predictions.safetensors")["predictions"]
    assert len(rows) == len(expected)  # the examples' test sets are small enough to be whole
    return rows, expected


def command(program, *arguments, **variables):
    """Run a program without any of the caller's settings: no thread counts, no paths of modules."""
    return subprocess.run(
        [str(program), *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def installed(packaged, tmp_path_factory):
    """Install a model's wheel into a fresh environment, with what it requires and nothing else."""
    uv = [Path(sys.executable).parent / "uv"]
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    made = {}

    def install(model):
        if model not in made:
            folder = tmp_path_factory.mktemp("installed") / model
            for arguments in (
                ["venv", "--quiet", "--python", sys.executable, folder],
                [
                    "pip",
                    "install",
                    "--quiet",
                    "--python",
                    folder / "bin/python",
                    dist(packaged, model, ".whl"),
                ],
            ):
                subprocess.run([*uv, *arguments], check=True, env={**os.environ, "UV_FIND_LINKS": links})
            made[model] = folder / "bin"
        return made[model]

    return install


@pytest.mark.parametrize("model", some(MODELS, *KEPT))
def test_installed_anew_a_wheel_predicts_the_bits_of_the_ledger(model, packaged, installed, tmp_path):
    program = installed(model) / model
    rows, expected = inputs(packaged, model)
    np.save(tmp_path / "rows.npy", rows)
    done = command(program, "predict", tmp_path / "rows.npy", "--output", tmp_path / "outputs.npy")
    assert done.returncode == 0, done.stdout
    found = np.load(tmp_path / "outputs.npy")
    assert (found.dtype, found.tobytes()) == (expected.dtype, expected.tobytes())
    done = command(program, "check")
    assert done.returncode == 0 and "bit for bit" in done.stdout, done.stdout
    names = command(
        installed(model) / "python",
        "-c",
        "import importlib.metadata as m; print([d.name for d in m.distributions()])",
    )
    assert "samebits" not in names.stdout


def test_rows_of_text_give_the_same_bits(packaged, installed, tmp_path):
    rows, expected = inputs(packaged, "cancer-trees")
    header = ",".join(f"m{i}" for i in range(rows.shape[1]))
    lines = [",".join(map(str, row)) for row in rows]
    (tmp_path / "in.csv").write_text("\n".join([header, *lines]))
    program = installed("cancer-trees") / "cancer-trees"
    done = command(program, "predict", tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stdout
    name, *values = (tmp_path / "out.csv").read_text().split()
    assert name == "predictions"
    assert np.array(values, np.float32).tobytes() == expected.tobytes()


@pytest.mark.parametrize("model", some(CLASSIFIERS, *KEPT))
def test_classifiers_give_probabilities(model, packaged, installed, tmp_path):
    rows, expected = inputs(packaged, model)
    np.save(tmp_path / "rows.npy", rows)
    done = command(installed(model) / model, "predict-proba", tmp_path / "rows.npy", "-o", tmp_path / "p.npy")
    assert done.returncode == 0, done.stdout
    found = np.load(tmp_path / "p.npy")
    assert found.shape[0] == len(expected) and np.allclose(found.sum(1), 1, atol=1e-5)


def test_others_say_why_they_give_none(packaged, installed, tmp_path):
    rows, _ = inputs(packaged, "diabetes-trees")
    np.save(tmp_path / "rows.npy", rows)
    done = command(
        installed("diabetes-trees") / "diabetes-trees",
        "predict-proba",
        tmp_path / "rows.npy",
        "-o",
        tmp_path / "p.npy",
    )
    assert done.returncode == 1
    assert done.stdout == "diabetes-trees: the objective regression gives no probabilities\n"


@pytest.mark.parametrize(
    "text, said",
    [
        ("1,2,3\n", "rows has the shape [1, 3]; the model takes [-1, 30]"),
        ("a,b\n", "rows has the shape [0]; the model takes [-1, 30]"),
        ("1,x\n", "could not convert string to float: 'x'"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_a_line(text, said, installed, tmp_path):
    (tmp_path / "in.csv").write_text(text)
    program = installed("cancer-trees") / "cancer-trees"
    done = command(program, "predict", tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert (done.returncode, done.stdout.count("\n")) == (1, 1), done.stdout
    assert said in done.stdout
    assert not (tmp_path / "out.csv").exists()


def test_check_tells_of_other_bits(packaged, installed, tmp_path):
    """The twin: a model without its last trees predicts, and its own check finds it out."""
    site = tmp_path / "site"
    shutil.unpack_archive(dist(packaged, "cancer-trees", ".whl"), site, "zip")
    python = installed("cancer-trees") / "python"
    assert command(python, "-m", "cancer_trees", "check", PYTHONPATH=str(site)).returncode == 0
    path = site / "cancer_trees" / "model" / "model.ubj"
    shorter = f"import xgboost; xgboost.Booster(model_file={str(path)!r})[:150].save_model({str(path)!r})"
    assert command(python, "-c", shorter).returncode == 0
    done = command(python, "-m", "cancer_trees", "check", PYTHONPATH=str(site))
    assert done.returncode == 1
    assert "outputs differ from those recorded" in done.stdout


def test_the_service_answers_as_the_command_line(packaged, installed, tmp_path):
    rows, expected = inputs(packaged, "wine-pipeline")
    program = [str(installed("wine-pipeline") / "wine-pipeline"), "serve", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[-1]
            assert requests.get(f"{address}/ping", timeout=60).status_code == 200
            answer = requests.post(f"{address}/invocations", json={"inputs": rows.tolist()}, timeout=60)
            assert answer.json()["predictions"] == expected.tolist()
            wrong = requests.post(f"{address}/invocations", json={"inputs": [[1]]}, timeout=60)
            assert wrong.status_code == 400 and "the model takes" in wrong.json()["error"]
            assert requests.post(f"{address}/invocations", data="{", timeout=60).status_code == 400
            assert requests.get(f"{address}/elsewhere", timeout=60).status_code == 404
        finally:
            process.terminate()


def test_packages_are_the_same_bytes_on_every_build(packaged, tmp_path):
    """Made again from results that were moved, at another time, under another mask for new files."""
    again = replace(packaged, folder=tmp_path / "again")
    shutil.copytree(packaged.folder, again.folder, ignore=shutil.ignore_patterns("dist", "package"))
    models = ("cancer-trees", "wine-pipeline")
    mask = os.umask(0o077)
    try:
        targets = [f"results/{model}/dist/packages.json" for model in models]
        process = again.run(*targets, "--config", f"cache={CACHE}")
    finally:
        os.umask(mask)
    assert process.returncode == 0, process.stdout
    for model in models:
        for suffix in (".whl", ".conda"):
            assert dist(again, model, suffix).read_bytes() == dist(packaged, model, suffix).read_bytes()


def test_the_card_says_what_the_ledger_says(packaged):
    verdict = packaged.verdict("cancer-trees")
    with zipfile.ZipFile(dist(packaged, "cancer-trees", ".whl")) as wheel:
        text = wheel.read("cancer_trees/MODEL_CARD.md").decode()
    assert verdict["state"] in text
    for name, value in verdict["metrics"]:
        assert name in text and value in text


def tried(packaged, folder, *changes):
    """Stage digits-cnn, change lines of what lies in its package, and try it; return status and words."""
    results = packaged.results("digits-cnn")
    spec = Spec.read(results / "spec.json")
    described = Description()
    names = described.names("digits-cnn")
    found = verdict.read(results / "verdict.json")
    recipe = packaged.recipe("digits_cnn.py")
    stage.stage(results / "run-1", found, recipe, names, folder)
    for name, line, instead in changes:
        path = folder / names.module / name
        text = path.read_text()
        assert line in text
        path.write_text(text.replace(line, instead))
    arguments = {
        "spec": results / "spec.json",
        "recipe": recipe,
        "data": packaged.data(spec).parent,
        "prefix": packaged.environment(spec).parent,
        "library": packaged.library(spec.framework),
    }
    code = f"""
import sys
from pathlib import Path
from samebits.jobs import launch
from samebits.packaging.description import Description
from samebits.sealed.execution import Execution
paths = { ({name: str(path) for name, path in arguments.items()})!r}
inputs = launch.Inputs(**{{n: Path(path) for n, path in paths.items()}}, execution=Execution())
run, folder = Path({str(results / "run-1")!r}), Path({str(folder)!r})
sys.exit(launch.package(inputs, run, folder, Description().names("digits-cnn"), Description()))
"""
    return command(sys.executable, "-c", code)


PREDICTOR = "_frameworks/pytorch/predictor.py"
#: an output that depends on a switch, and what throws it
NEEDS = (
    PREDICTOR,
    "output = self.module(batch)",
    "output = self.module(batch) + (not torch.are_deterministic_algorithms_enabled())",
)
THROWS = (PREDICTOR, "with self._as_trained(), torch.no_grad():", "with torch.no_grad():")


def test_a_package_is_proven_by_a_process_that_only_imports_it(packaged, tmp_path):
    done = tried(packaged, tmp_path / "staging", NEEDS)
    assert done.returncode == 0, done.stdout
    assert [path.name for path in (tmp_path / "staging").iterdir()] == ["digits_cnn"]
    # the twin relies on what an adapter would have thrown
    done = tried(packaged, tmp_path / "staging", NEEDS, THROWS)
    assert done.returncode == 2, done.stdout
    assert "samebits: model digits-cnn: it cannot be packaged: " in done.stdout
    assert "outputs differ from those recorded; the first is [0, 0]: " in done.stdout


def test_a_package_that_imports_what_no_user_has_is_refused(packaged, tmp_path):
    """A measured process has samebits at hand, and a package has not."""
    imports = ("materials/digits_cnn.py", "import torch\n", "import torch\nfrom samebits import seed_all\n")
    done = tried(packaged, tmp_path / "staging", imports)
    assert done.returncode == 2, done.stdout
    assert "it cannot be packaged: ModuleNotFoundError: No module named 'samebits'" in done.stdout


def test_a_different_model_cannot_be_packaged(workspace):
    model = {"framework": "sklearn", "recipe": "forest.py:forest", "data": "sklearn:wine", "tier": "unseeded"}
    workspace.write_recipe("forest.py", FOREST)
    workspace.write_config(models={"forest": model})
    process = workspace.run("package")
    assert process.returncode == 1
    assert workspace.verdict("forest")["verdict"] == "different"
    for made in ("receipt.dsse.json", "package", "dist"):
        assert not (workspace.results("forest") / made).exists()
    # nor by the commands themselves
    process = workspace.samebits(
        *("package", "--verdict", workspace.results("forest") / "verdict.json"),
        *(
            "--staged",
            workspace.folder,
            "--description",
            "{}",
            "--output",
            workspace.folder / "packages.json",
        ),
    )
    assert process.returncode == 2
    assert "Traceback" not in process.stdout


FOREST = """
from sklearn.ensemble import RandomForestClassifier


def forest():
    return RandomForestClassifier(5)


def datasets(data):
    return {"train": (data["X"][::2], data["y"][::2]), "test": (data["X"][1::2], data["y"][1::2])}
"""


@pytest.fixture(scope="module")
def channel(packaged, tmp_path_factory):
    """A channel with the models and all that they require; and what each environment holds."""
    channel = tmp_path_factory.mktemp("conda") / "channel"
    models = yaml.safe_load((packaged.root / "config/config.yaml").read_text())["models"]
    pins = {}
    for model in CONDA_MODELS:
        kind = models[model]["framework"].replace("_", "-")
        name = models[model].get("environment", f"{kind}-cpu")
        pins[model] = read_lock(find(name, [packaged.root]))
    all_pins = sorted({f"{name}=={version}" for found in pins.values() for name, version in found.items()})
    conda_channel.channel(channel, all_pins, CONDA)
    for model in CONDA_MODELS:
        shutil.copy(dist(packaged, model, ".conda"), channel / "noarch")
    conda_channel.index(channel)
    return channel, pins


@pytest.mark.parametrize("model", CONDA_MODELS)
def test_installed_anew_a_conda_package_predicts_the_bits_of_the_ledger(model, packaged, channel, tmp_path):
    folder, pins = channel
    names = [f"{CONDA.get(name, name)}=={v.partition('+')[0]}" for name, v in pins[model].items()]
    prefix = tmp_path / "prefix"
    conda_channel.install([folder.as_uri()], [model, *names], prefix)
    rows, expected = inputs(packaged, model)
    np.save(tmp_path / "rows.npy", rows)
    done = command(prefix / "bin" / model, "predict", tmp_path / "rows.npy", "-o", tmp_path / "outputs.npy")
    assert done.returncode == 0, done.stdout
    assert np.load(tmp_path / "outputs.npy").tobytes() == expected.tobytes()
    # what is known of the model is told without loading it
    assert json.loads(command(prefix / "bin" / model, "info").stdout)["name"] == model


def test_the_commands_for_other_workflow_managers_do_what_the_page_says(packaged, tmp_path):
    """docs/nextflow-and-airflow.md shows them with names that stand for these."""
    page = (packaged.root / "docs" / "nextflow-and-airflow.md").read_text()
    commands = page.split("```bash\n")[1].split("```")[0]
    wheel = dist(packaged, "cancer-trees", ".whl")
    for name, stands_for in (
        ("species-1.0-py3-none-any.whl", wheel.name),
        ("species", "cancer-trees"),
        ("python3.11", sys.executable),
    ):
        assert name in commands
        commands = commands.replace(name, stands_for)
    shutil.copy(wheel, tmp_path)
    shutil.copy(keys.public_path(keys.own_path()), tmp_path / "PUBLIC.pem")
    rows, expected = inputs(packaged, "cancer-trees")
    np.savetxt(tmp_path / "flowers.csv", rows, fmt="%.9g", delimiter=",")
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-e"], input=commands, text=True, cwd=tmp_path, env=variables, check=True)
    _, *values = (tmp_path / "flowers.predictions.csv").read_text().split()
    assert np.array(values, np.float32).tobytes() == expected.tobytes()
    # the twin: what was changed stops before anything is installed
    shutil.rmtree(tmp_path / "model")
    (tmp_path / wheel.name).write_bytes(wheel.read_bytes()[:-1])
    command = ["bash", "-e"]
    done = subprocess.run(
        command, input=commands, text=True, cwd=tmp_path, env=variables, capture_output=True
    )
    assert done.returncode == 2
    assert not (tmp_path / "model").exists()


def test_what_an_earlier_version_laid_out_is_refused(packaged, tmp_path):
    """It left ``__init__.py`` empty for this step to write, and a package without it would be signed."""
    results = packaged.results("wine-pipeline")
    staged = tmp_path / "staging"
    shutil.copytree(results / "package" / "staging", staged)
    (staged / "wine_pipeline" / "__init__.py").write_bytes(b"")
    where = ("--verdict", results / "verdict.json", "--staged", staged, "--description", "{}")
    process = packaged.samebits("package", *where, "--output", tmp_path / "dist" / "packages.json")
    assert process.returncode == 2, process.stdout
    assert "was laid out by an earlier version of samebits; run the workflow again" in process.stdout
