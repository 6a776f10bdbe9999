"""XGBoost, kind by kind: reruns, replays of every segment, and killed runs that go on give the same bits."""

import json
import signal
import subprocess

import pytest

from boosters import boosters
from families import chosen, more, some
from samebits.sealed import ledger

SAMPLED = {"subsample": 0.7, "colsample_bytree": 0.8, "colsample_bylevel": 0.8, "colsample_bynode": 0.8}

#: kind -> class of the recipe, XGBoost's parameters
KINDS = {
    "regression": ("Plain", {"objective": "reg:squarederror", **SAMPLED}),
    "classification": ("Plain", {"objective": "multi:softprob", "num_class": 10, **SAMPLED}),
    "forest": ("Plain", {"num_parallel_tree": 3, "tree_method": "approx", **SAMPLED}),
    "dart": ("Plain", {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2, **SAMPLED}),
    "linear": (
        "Plain",
        {"booster": "gblinear", "updater": "coord_descent", "feature_selector": "random", "max_depth": 0},
    ),
    "ndcg": ("Ranked", {"objective": "rank:ndcg", **SAMPLED}),
    "pairwise": ("Ranked", {"objective": "rank:pairwise", "lambdarank_pair_method": "mean", **SAMPLED}),
    "unbiased": ("Ranked", {"objective": "rank:ndcg", "lambdarank_unbiased": True, **SAMPLED}),
    "own-objective": ("Own", {"disable_default_eval_metric": False, **SAMPLED}),
    "stopped": ("Stopped", {"eta": 0.9, **SAMPLED}),
    "stopped-by-callback": ("StoppedByCallback", {"eta": 0.5, **SAMPLED}),
    "stopped-dart": ("Stopped", {"eta": 0.9, "booster": "dart", "rate_drop": 0.3}),
}
STEPS = 40

#: what `make test` trains of them
KEPT = ("classification", "linear", "stopped")


def model(recipe, params, **keys):
    return {
        "framework": "xgboost",
        "recipe": f"boosters.py:{recipe}",
        "data": "sklearn:digits",
        "params": params,
        "steps": STEPS,
        "segments": 2,
        "verify": {"mode": "replay"},
        **keys,
    }


@pytest.fixture(scope="module")
def armed(tmp_path_factory):
    """The file that lets the next process kill itself."""
    return tmp_path_factory.mktemp("armed") / "armed"


@pytest.fixture(scope="module")
def trained(module_workspace, armed):
    """All kinds, each trained once and replayed segment by segment."""
    module_workspace.write_recipe("boosters.py", boosters(armed))
    module_workspace.write_config(models={kind: model(*KINDS[kind]) for kind in chosen(KINDS, *KEPT)})
    process = module_workspace.run()
    assert process.returncode == 0, process.stdout
    return module_workspace


def contents(folder):
    """Return all that must be the same in two runs."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    information = ("timing.jsonl", "benchmark.jsonl", "log.txt", ledger.UNFINISHED)
    return {name: (folder / name).read_bytes() for name in names if name.name not in information}


@pytest.mark.parametrize("kind", some(KINDS, *KEPT))
def test_every_segment_replays_to_the_same_bits(trained, kind):
    verdict = trained.verdict(kind)
    assert verdict["verdict"] == "identical"
    segments = sum(record["kind"] == "checkpoint" for record in trained.ledger(kind)) - 1
    assert len(verdict["replays"]) == segments


@pytest.mark.parametrize("kind", some(KINDS, *KEPT))
def test_a_rerun_and_a_killed_run_that_goes_on_are_the_same_bytes(trained, armed, kind):
    results = trained.results(kind)
    untouched = contents(results / "run-1")
    assert trained.train(results / "spec.json", results / "rerun").returncode == 0
    assert contents(results / "rerun") == untouched

    armed.touch()
    killed = trained.train(results / "spec.json", results / "killed")
    assert killed.returncode == -signal.SIGKILL
    assert not armed.exists()
    assert (results / "killed" / ledger.UNFINISHED).exists()
    again = trained.train(results / "spec.json", results / "killed")
    assert again.returncode == 0, again.stdout
    assert contents(results / "killed") == untouched


def test_an_objective_that_counts_its_calls_is_caught_by_replay(module_workspace, trained):
    """The twin: nothing of it is in the state, so a segment begun anew is another one."""
    module_workspace.write_config(models={"forgetful": model("Forgetful", {})})
    process = module_workspace.run()
    assert process.returncode != 0
    verdict = module_workspace.verdict("forgetful")
    assert verdict["verdict"] == "different"
    assert {difference["segment"] for difference in verdict["differences"]} == {2}


LOOK = """
import json, sys
import numpy as np, xgboost
from safetensors.numpy import load_file

run, data = sys.argv[1:]
test = load_file(f"{data}/arrays.safetensors")["X"][::5]
exported = xgboost.Booster(model_file=f"{run}/model/model.ubj")
recorded = load_file(f"{run}/predictions.safetensors")["predictions"]
print(json.dumps({
    "rounds": exported.num_boosted_rounds(),
    "best": int(exported.attr("best_iteration")),
    "equal": np.array_equal(exported.predict(xgboost.DMatrix(test)), recorded),
}))
"""


@pytest.mark.parametrize("kind", some(["stopped", "stopped-by-callback", "stopped-dart"]))
def test_early_stopping_ends_the_ledger_and_keeps_the_best_round(trained, kind):
    records = trained.ledger(kind)
    steps = [record for record in records if record["kind"] == "step"]
    last = [record for record in records if record["kind"] == "checkpoint"][-1]["step"]
    assert len(steps) == last < STEPS
    assert trained.verdict(kind)["steps"] == last

    run = trained.results(kind) / "run-1"
    python = next(trained.cache.glob("envs/xgboost-cpu-*/bin/python"))
    data = next(trained.cache.glob("data/sklearn-digits-*/data.json")).parent
    looked = subprocess.run([python, "-c", LOOK, run, data], capture_output=True, text=True)
    assert looked.returncode == 0, looked.stderr
    found = json.loads(looked.stdout)
    assert found["equal"]
    assert found["rounds"] == found["best"] + 1 == last - 4


def refused(workspace, armed, recipe, params, **keys):
    workspace.write_recipe("boosters.py", boosters(armed))
    workspace.write_config(models={"a": model(recipe, params, **keys)})
    process = workspace.run()
    assert process.returncode != 0
    (line,) = {line for line in process.stdout.splitlines() if line.startswith("samebits: ")}
    return line


def test_shotgun_is_refused_by_parameter_and_line(workspace, armed):
    line = refused(workspace, armed, "Shotgun", {})
    number = boosters(armed).splitlines().index('            "updater": "shotgun",') + 1
    assert f"boosters.py, line {number}: updater: shotgun is non-deterministic by design" in line
    assert "set updater: coord_descent, or tier: seeded" in line


@more
def test_shotgun_is_refused_where_it_is_the_default(workspace, armed):
    line = refused(workspace, armed, "Linear", {})
    lines = boosters(armed).splitlines()
    number = lines.index('        self.params = {"booster": "gblinear", **given}') + 1
    assert f"boosters.py, line {number}: booster: gblinear without an updater takes shotgun" in line


def test_early_stopping_without_something_to_watch_is_refused(workspace, armed):
    text = boosters(armed).replace(', "valid": DMatrix(*valid)', "")
    workspace.write_recipe("boosters.py", text)
    workspace.write_config(models={"a": model("Stopped", {})})
    process = workspace.run()
    assert process.returncode != 0
    assert 'early stopping watches the dataset "valid", but the recipe\'s datasets are train, test' in (
        process.stdout
    )


@more
def test_early_stopping_among_the_parameters_is_refused(workspace, armed):
    line = refused(workspace, armed, "Plain", {"early_stopping_rounds": 3})
    assert "early_stopping_rounds is no parameter of XGBoost; make it an attribute" in line
