"""Every injected difference is caught and named; the same models without it are identical (the twins).

By a full rerun and by replaying segments alike, but that a replay also tells the segment from its checkpoint.
"""

import json
import shutil
from dataclasses import replace

import pytest

from families import ALL, chosen, grows, more, some
from recipes import mlp, trees
from samebits.sealed.spec import Spec
from workspace import LONG

MLP = {"framework": "pytorch", "recipe": "mlp.py:MLP", "data": "sklearn:digits", "steps": 12, "segments": 3}
TREES = {
    "framework": "xgboost",
    "recipe": "trees.py:Trees",
    "data": "sklearn:breast_cancer",
    "steps": 12,
    "segments": 3,
}


#: `make test-long` looks at every fault in both ways
reruns = pytest.mark.parametrize("mode", ["rerun", "replay"] if LONG else ["rerun"], indirect=True)


@pytest.fixture
def marker(tmp_path_factory):
    return tmp_path_factory.mktemp("fault") / "first-run-was-here"


@pytest.fixture(params=["rerun", "replay"])
def mode(request):
    """How models are verified: the same faults are caught in both ways."""
    return request.param


@pytest.fixture(scope="module")
def all_proven(workspaces, tmp_path_factory):
    """Prove both frameworks identical, in a workspace for each way: the twin of all faults below."""
    found = {}

    def prove(mode):
        if mode not in found:
            workspace = workspaces(f"proven-{mode}")
            marker = tmp_path_factory.mktemp("fault") / "first-run-was-here"
            workspace.write_recipe("mlp.py", mlp(marker))
            workspace.write_recipe("trees.py", trees(marker))
            workspace.write_config(models={"mlp": MLP, "trees": TREES}, defaults={"verify": {"mode": mode}})
            process = workspace.run()
            assert process.returncode == 0, process.stdout
            for model in ("mlp", "trees"):
                verdict = workspace.verdict(model)
                assert (verdict["verdict"], verdict["mode"]) == ("identical", mode)
            found[mode] = workspace
        return found[mode]

    return prove


@pytest.fixture
def proven(all_proven, mode):
    """A workspace in which both frameworks were verified as identical."""
    return all_proven(mode)


def again(workspace, model, mode, changes, **arguments):
    """Train a model once more, or replay its second segment, with a changed spec; compare with run-1."""
    results = workspace.results(model)
    changed = results / "changed.json"
    changed.write_bytes(replace(Spec.read(results / "spec.json"), **changes).canonical())
    other = results / "other"
    shutil.rmtree(other, ignore_errors=True)
    if mode == "replay":
        return workspace.replay(changed, results / "run-1", 2, other, **arguments)
    process = workspace.train(changed, other, **arguments)
    assert process.returncode == 0, process.stdout
    return workspace.samebits("compare", results / "run-1", other)


@grows
@reruns
def test_changed_specs_are_named(proven, mode):
    other = {"rerun": "other", "replay": "the replay of segment 2"}[mode]
    for model in chosen(("mlp", "trees"), "trees"):
        same = again(proven, model, mode, {})
        assert same.returncode == 0, same.stdout  # the twin: nothing changed, nothing found
        for key, old, new in (("seed", 0, 1), ("threads", 1, 2)):
            found = again(proven, model, mode, {key: new})
            assert found.returncode == 1
            assert f"{key}: {old} in run-1, {new} in {other}" in found.stdout


@more  # the comparison itself is tested in test_compare.py; this builds an environment
@pytest.mark.parametrize("mode", ["rerun"], indirect=True)
def test_another_library_version_is_named(proven, mode):
    envs = proven.folder / "envs" / "xgboost-cpu"
    envs.mkdir(parents=True)
    ours = proven.root / "envs" / "xgboost-cpu" / "environment.yaml"
    (envs / "environment.yaml").write_text(ours.read_text().replace("- numpy\n", "- numpy==2.3.5\n"))
    prefix = proven.folder / "older"
    assert proven.samebits("env", "lock", "xgboost-cpu").returncode == 0
    assert proven.samebits("env", "build", "xgboost-cpu", prefix).returncode == 0
    manifest = prefix / "environment.json"
    digest = json.loads(manifest.read_bytes())["digest"]

    now = json.loads((proven.results("trees") / "run-1" / "fingerprint.json").read_bytes())
    for way, name in (("rerun", "other"), ("replay", "the replay of segment 2")):
        found = again(proven, "trees", way, {"environment_digest": digest}, environment=manifest)
        assert found.returncode == 1
        assert f"library.numpy: {now['libraries']['numpy']} in run-1, 2.3.5 in {name}" in found.stdout


FLIP = """if SECOND and self.taken == {step}:
            with torch.no_grad():
                self.layers[0].weight.view(torch.int32)[3, 5] ^= 1"""


@pytest.mark.parametrize(
    ("mode", "step", "segment"),
    [
        *some([("rerun", 8, 2), ("replay", 8, 2), ("rerun", 1, 1)]),
        *([("replay", 1, 1)] if LONG else []),
    ],
    indirect=["mode"],
)
def test_one_bit_of_a_weight_at_a_step(workspace, marker, mode, step, segment):
    """Flipped in a segment's last step the bit shows in the checkpoint, in an earlier one also in losses."""
    workspace.write_recipe("mlp.py", mlp(marker, step=FLIP.format(step=step)))
    workspace.write_recipe("trees.py", trees(marker))
    workspace.write_config(models={"mlp": MLP, "trees": TREES}, defaults={"verify": {"mode": mode}})
    process = workspace.run("-j1")
    assert process.returncode != 0

    verdict = workspace.verdict("mlp")
    (difference,) = verdict["differences"]  # a replay of another segment begins with the recorded state
    assert verdict["verdict"] == "different"
    other = {"rerun": "run-2", "replay": f"the replay of segment {segment}"}[mode]
    assert difference["runs"] == ["run-1", other]
    assert difference["segment"] == segment
    assert difference["tensor"].startswith("state.module.layers")
    assert step <= difference["step"] <= 4 * segment
    for text in (process.stdout, difference["message"]):
        assert f"step {difference['step']}" in text
        assert f"{difference['tensor']}[" in text
        assert text.count("0x") >= 2
    assert f"mlp: different: run-1 and {other} part at" in process.stdout
    folders = {"rerun": ["run-1", "run-2"], "replay": ["run-1", f"replay/segment-{segment}"]}[mode]
    for run in folders:  # both are kept, and so is what was proven
        assert workspace.ledger("mlp", run)[-1]["kind"] == "end"
    assert workspace.verdict("trees")["verdict"] == "identical"
    assert "mlp" in (workspace.folder / "results" / "report.html").read_text()
    assert not (workspace.results("mlp") / "verified").exists()


@more
@reruns
def test_another_order_of_the_data(workspace, marker, mode):
    swap = "if SECOND: x, y = x[ORDER], y[ORDER]"
    order = "\nORDER = list(range(568, -1, -1))\n"
    workspace.write_recipe("mlp.py", mlp(marker, data=swap) + order)
    workspace.write_recipe("trees.py", trees(marker.with_name("trees"), data=swap) + order)
    workspace.write_config(
        models={"mlp": {**MLP, "data": "sklearn:digits"}, "trees": TREES}, defaults={"verify": {"mode": mode}}
    )
    process = workspace.run("-j1")
    assert process.returncode != 0
    for model in ("mlp", "trees"):
        difference = workspace.verdict(model)["differences"][0]
        assert difference["kind"] == "data"
        assert f"step {difference['step']}: the data that step read" in difference["message"]
        assert difference["segment"] == 1
    assert workspace.verdict("trees")["differences"][0]["step"] == 1


def test_segments_that_were_not_drawn_are_said_to_be_unseen(workspace, marker):
    verify = {"mode": "replay", "segments": 4, "sample": 0.25}
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_config(models={"mlp": {**MLP, "verify": verify}})
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    verdict = workspace.verdict("mlp")
    assert (len(verdict["replays"]), verdict["segments"], verdict["unseen"]) == (1, 4, 0.75)
    assert "the replays of 1 of its 4 segments (a single bad one among the others" in process.stdout
    assert len(list((workspace.results("mlp") / "replay").glob("segment-*"))) == 1
    again = workspace.run()
    assert "Nothing to be done" in again.stdout  # no new sample is drawn for what is verified


@grows
@reruns
def test_unseeded_runs_differ_and_a_seed_mends_it(workspace, marker, mode):
    workspace.write_recipe("mlp.py", mlp(marker))
    workspace.write_recipe("trees.py", trees(marker))
    models = {"mlp": MLP, "trees": TREES} if ALL else {"mlp": MLP}
    workspace.write_config(models=models, defaults={"tier": "unseeded", "verify": {"mode": mode}})
    assert workspace.run().returncode != 0
    for model in models:
        assert workspace.verdict(model)["verdict"] == "different"

    workspace.write_config(models=models, defaults={"tier": "seeded", "verify": {"mode": mode}})
    assert workspace.run().returncode == 0
    for model in models:
        assert workspace.verdict(model)["verdict"] == "identical"


def test_a_recipe_that_changes_the_threads_is_refused(workspace, marker):
    workspace.write_recipe("mlp.py", mlp(marker, step="torch.set_num_threads(2)"))
    workspace.write_config(models={"mlp": MLP})
    process = workspace.run()
    assert process.returncode != 0
    assert "the recipe changed PyTorch's threads to 2; set threads in the config instead" in process.stdout
    assert "Traceback" not in process.stdout
