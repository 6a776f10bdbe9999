"""Every injected difference is caught and named; the same models without it are identical (the twins)."""

import json
import shutil
from dataclasses import replace

import pytest

from recipes import mlp, trees
from samebits.spec import Spec

MLP = {"framework": "pytorch", "recipe": "mlp.py:MLP", "data": "sklearn:digits", "steps": 12, "segments": 3}
TREES = {
    "framework": "xgboost",
    "recipe": "trees.py:Trees",
    "data": "sklearn:breast_cancer",
    "steps": 12,
    "segments": 3,
}


@pytest.fixture
def marker(tmp_path_factory):
    return tmp_path_factory.mktemp("fault") / "first-run-was-here"


@pytest.fixture
def proven(workspace, marker):
    """A workspace in which both frameworks have trained identical runs: the twin of all faults below."""
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_recipe("trees.py", trees(marker))
    workspace.write_config(models={"mlp": MLP, "trees": TREES})
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    assert workspace.verdict("mlp")["verdict"] == workspace.verdict("trees")["verdict"] == "identical"
    return workspace


def train_again(workspace, model, changes, **arguments):
    """Train a model once more, as run-x, with a changed spec, and compare it with run-1."""
    results = workspace.results(model)
    changed = results / "changed.json"
    changed.write_bytes(replace(Spec.read(results / "spec.json"), **changes).canonical())
    shutil.rmtree(results / "run-x", ignore_errors=True)
    process = workspace.train(changed, results / "run-x", **arguments)
    assert process.returncode == 0, process.stdout
    return workspace.samebits("compare", results / "run-1", results / "run-x")


@pytest.mark.parametrize("model", ["mlp", "trees"])
def test_changed_specs_are_named(proven, model):
    same = train_again(proven, model, {})
    assert same.returncode == 0, same.stdout  # the twin: nothing changed, nothing found

    seed = train_again(proven, model, {"seed": 1})
    assert seed.returncode == 1
    assert "seed: 0 in run-1, 1 in run-x" in seed.stdout

    threads = train_again(proven, model, {"threads": 2})
    assert threads.returncode == 1
    assert "threads: 1 in run-1, 2 in run-x" in threads.stdout


def test_another_library_version_is_named(proven):
    envs = proven.folder / "envs" / "xgboost-cpu"
    envs.mkdir(parents=True)
    ours = proven.root / "envs" / "xgboost-cpu" / "environment.yaml"
    (envs / "environment.yaml").write_text(ours.read_text().replace("- numpy\n", "- numpy==2.3.5\n"))
    prefix = proven.folder / "older"
    assert proven.samebits("env", "lock", "xgboost-cpu").returncode == 0
    assert proven.samebits("env", "build", "xgboost-cpu", prefix).returncode == 0
    manifest = prefix / "environment.json"
    digest = json.loads(manifest.read_bytes())["digest"]

    found = train_again(proven, "trees", {"environment_digest": digest}, environment=manifest)
    assert found.returncode == 1
    now = json.loads((proven.results("trees") / "run-1" / "fingerprint.json").read_bytes())
    assert f"library.numpy: {now['libraries']['numpy']} in run-1, 2.3.5 in run-x" in found.stdout


FLIP = """self.steps += 1
        if SECOND and self.steps == {step}:
            with torch.no_grad():
                self.layers[0].weight.view(torch.int32)[3, 5] ^= 1"""


@pytest.mark.parametrize("in_segment", [1, 4])
def test_one_bit_of_a_weight_after_a_step(workspace, marker, in_segment):
    """The recipe counts its steps from 1 in each segment of 4; the first of each is run by a fresh object.

    Flipped before the last step of a segment, the bit shows in the checkpoint; before the first, only in
    what the segment makes of it.
    """
    workspace.write_recipe("mlp.py", mlp(marker, step=FLIP.format(step=in_segment)))
    workspace.write_recipe("trees.py", trees(marker))
    workspace.write_config(models={"mlp": MLP, "trees": TREES})
    process = workspace.run("-j1")
    assert process.returncode != 0

    (difference,) = workspace.verdict("mlp")["differences"]
    assert workspace.verdict("mlp")["verdict"] == "different"
    assert difference["runs"] == ["run-1", "run-2"]
    assert difference["tensor"].startswith("state.module.layers")
    assert in_segment <= difference["step"] <= 4
    for text in (process.stdout, difference["message"]):
        assert f"step {difference['step']}" in text
        assert f"{difference['tensor']}[" in text
        assert text.count("0x") >= 2
    assert "mlp: different: run-1 and run-2 part at" in process.stdout
    for run in (1, 2):  # both runs are kept, and so is what was proven
        assert workspace.ledger("mlp", run)[-1]["kind"] == "end"
    assert workspace.verdict("trees")["verdict"] == "identical"
    assert "mlp" in (workspace.folder / "results" / "report.html").read_text()
    assert not (workspace.results("mlp") / "verified").exists()


def test_another_order_of_the_data(workspace, marker):
    reverse = "if SECOND: x, y = (x.flip(0), y.flip(0)) if hasattr(x, 'flip') else (x[::-1], y[::-1])"
    workspace.write_recipe("mlp.py", mlp(marker, data=reverse))
    workspace.write_recipe("trees.py", trees(marker.with_name("trees"), data=reverse))
    workspace.write_config(models={"mlp": MLP, "trees": TREES})
    process = workspace.run("-j1")
    assert process.returncode != 0
    for model in ("mlp", "trees"):
        (difference,) = workspace.verdict(model)["differences"]
        assert difference["kind"] == "data"
        assert f"step {difference['step']}: the data that step read" in difference["message"]
    assert workspace.verdict("trees")["differences"][0]["step"] == 1


def test_unseeded_runs_differ_and_a_seed_mends_it(workspace, marker):
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_recipe("trees.py", trees(marker))
    workspace.write_config(models={"mlp": MLP, "trees": TREES}, defaults={"tier": "unseeded"})
    assert workspace.run().returncode != 0
    for model in ("mlp", "trees"):
        assert workspace.verdict(model)["verdict"] == "different"

    workspace.write_config(models={"mlp": MLP, "trees": TREES}, defaults={"tier": "seeded"})
    assert workspace.run().returncode == 0
    for model in ("mlp", "trees"):
        assert workspace.verdict(model)["verdict"] == "identical"


def test_a_recipe_that_changes_the_threads_is_refused(workspace, marker):
    workspace.write_recipe("mlp.py", mlp(marker, step="torch.set_num_threads(2)"))
    workspace.write_config(models={"mlp": MLP})
    process = workspace.run()
    assert process.returncode != 0
    assert "the recipe changed PyTorch's threads to 2; set threads in the config instead" in process.stdout
    assert "Traceback" not in process.stdout
