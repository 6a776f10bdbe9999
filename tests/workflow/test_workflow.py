"""The workflow as Snakemake sees it: its style, its refusals, what it does again and what not."""

import gzip
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

from recipes import mlp, trees
from workspace import ROOT

TINY = {"framework": "xgboost", "recipe": "trees.py:Trees", "data": "sklearn:breast_cancer", "steps": 4}

#: What `snakemake --lint` may say of each rule, and why. A title that it no longer says fails the test.
ALLOWED_LINTS = {
    # The rules run in the environment that Snakemake runs in; what is measured runs in environments that the
    # rule `environment` builds and checks, which Snakemake's own deployment cannot do.
    "Specify a conda environment or container for each rule.",
}


def test_snakemakes_linter_has_nothing_else_to_say():
    snakemake = str(Path(sys.executable).parent / "snakemake")
    process = subprocess.run([snakemake, "--lint"], cwd=ROOT, capture_output=True, text=True)
    said = re.findall(r"^    \* (.*):$", process.stderr, re.MULTILINE)
    assert set(said) == ALLOWED_LINTS


def test_a_wrong_config_is_refused_before_any_job(workspace, tmp_path_factory):
    workspace.write_recipe("trees.py", trees(tmp_path_factory.mktemp("m") / "m"))
    workspace.write_config(models={"a": {**TINY, "tier": "determinstic"}})
    process = workspace.run()
    assert process.returncode != 0
    assert (
        "config: models.a.tier: 'determinstic' is none of unseeded, seeded, deterministic, portable; "
        "did you mean 'deterministic'?"
    ) in process.stdout
    assert "Traceback" not in process.stdout
    assert not (workspace.folder / "results").exists()


def test_two_models_of_one_name_are_refused(workspace):
    (workspace.folder / "config").mkdir()
    (workspace.folder / "config" / "config.yaml").write_text("models:\n  a: {steps: 1}\n  a: {steps: 2}\n")
    process = workspace.run()
    assert process.returncode != 0
    assert "'a' is given twice in" in process.stdout
    assert "lines 2 and 3; rename or remove one" in process.stdout


def test_only_what_changed_is_done_again(workspace, tmp_path_factory):
    recipe = trees(tmp_path_factory.mktemp("m") / "m")
    workspace.write_recipe("trees.py", recipe)
    workspace.write_config(models={"a": TINY, "b": {**TINY, "seed": 1}})
    assert workspace.run().returncode == 0
    assert "Nothing to be done" in workspace.run().stdout

    workspace.write_config(models={"a": TINY, "b": {**TINY, "seed": 2}})
    process = workspace.run()
    assert "training b, run 1" in process.stdout
    assert "training a, run" not in process.stdout
    assert workspace.ledger("b")[0]["spec"]["seed"] == 2

    workspace.write_recipe("trees.py", recipe + "# a new line\n")
    process = workspace.run()
    assert "training a, run 1" in process.stdout
    assert "training b, run 2" in process.stdout

    workspace.write_config(models={"a": TINY, "b": {**TINY, "seed": 2, "runs": 3}})
    process = workspace.run()
    assert "training b, run 3" in process.stdout
    assert "training b, run 1" not in process.stdout
    assert len(workspace.verdict("b")["runs"]) == 3


def test_data_of_ones_own_is_noticed_when_it_changes(workspace, tmp_path_factory):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 5))
    np.savez(workspace.folder / "mine.npz", X=x, y=(x[:, 0] > 0).astype(np.int64))
    workspace.write_recipe("trees.py", trees(tmp_path_factory.mktemp("m") / "m"))
    config = {"models": {"a": {**TINY, "data": "mine"}}, "data": {"mine": {"path": "mine.npz"}}}
    workspace.write_config(**config)
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    before = workspace.ledger("a")[0]["spec"]["data_digest"]

    np.savez(workspace.folder / "mine.npz", X=-x, y=(x[:, 0] > 0).astype(np.int64))
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    assert workspace.ledger("a")[0]["spec"]["data_digest"] != before


def test_the_full_cases_run_on_small_files_of_the_same_form(workspace):
    """MNIST's four IDX files and Covertype's table, which the config downloads, made small here."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 128), ("t10k", 32)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        for name, array in (
            (f"{part}-images-idx3-ubyte.gz", images),
            (f"{part}-labels-idx1-ubyte.gz", labels),
        ):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (workspace.folder / name).write_bytes(gzip.compress(head + array.tobytes(), mtime=0))
            files[name] = {"path": name}
    table = np.column_stack([rng.integers(0, 3000, (200, 54)), rng.integers(1, 8, 200)])
    with gzip.open(workspace.folder / "covtype.csv.gz", "wt") as file:
        np.savetxt(file, table, fmt="%d", delimiter=",")
    models = {
        "mnist-cnn": {
            "framework": "pytorch",
            "recipe": "config/recipes/mnist_cnn.py:MnistCNN",
            "data": "mnist",
            "steps": 4,
        },
        "covertype-trees": {
            "framework": "xgboost",
            "recipe": "config/recipes/covertype_trees.py:CovertypeTrees",
            "data": "covertype",
            "steps": 4,
        },
    }
    data = {"mnist": {"files": files}, "covertype": {"path": "covtype.csv.gz"}}
    workspace.write_config(models=models, data=data)
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    for model in models:
        assert workspace.verdict(model)["verdict"] == "identical"


def test_the_number_of_cores_changes_nothing(workspace, tmp_path_factory):
    """`--cores` scales Snakemake's threads down; the ledger knows only the config's."""
    workspace.write_recipe("mlp.py", mlp(tmp_path_factory.mktemp("m") / "m"))
    model = {
        "framework": "pytorch",
        "recipe": "mlp.py:MLP",
        "data": "sklearn:digits",
        "steps": 8,
        "threads": 2,
    }
    ledgers = []
    for cores in (1, 2):
        workspace.write_config(models={"a": model}, results=f"results-{cores}")
        ledger = f"results-{cores}/a/run-1/ledger.jsonl"
        process = workspace.run(ledger, "--cores", str(cores))
        assert process.returncode == 0, process.stdout
        ledgers.append((workspace.folder / ledger).read_bytes())
    assert ledgers[0] == ledgers[1]
    assert json.loads(ledgers[0].splitlines()[0])["spec"]["threads"] == 2
