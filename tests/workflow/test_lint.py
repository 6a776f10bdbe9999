"""The linter gates training: an error in a recipe fails the model before it trains, a warning does not."""

import json

import pytest

from recipes import trees

TINY = {"framework": "xgboost", "recipe": "trees.py:Trees", "data": "sklearn:breast_cancer", "steps": 4}

#: what a recipe may do, and whether it is an error
ERROR = "x = x[np.random.default_rng().permutation(len(x))]"
WARNING = "import os; names = os.listdir('.'); x = x[: len(x) - names.count('none')]; print(names[:1])"


@pytest.fixture
def marker(tmp_path_factory):
    return tmp_path_factory.mktemp("lint") / "first-run-was-here"


def results_of(workspace):
    log = json.loads((workspace.results("a") / "lint.sarif").read_text())
    return [(result["ruleId"], result["level"]) for result in log["runs"][0]["results"]]


def test_an_error_fails_the_model_before_training_and_is_printed(workspace, marker):
    workspace.write_recipe("trees.py", trees(marker, data=ERROR))
    workspace.write_config(models={"a": TINY})
    process = workspace.run()
    assert process.returncode != 0
    assert "trees.py:19:15: SB203 error: numpy.random.default_rng without a seed" in process.stdout
    assert results_of(workspace) == [("SB203", "error")]  # the evidence is kept
    assert not (workspace.results("a") / "run-1").exists()
    assert not [*marker.parent.iterdir()]  # the recipe was never run

    workspace.write_recipe("trees.py", trees(marker, data=ERROR.replace("default_rng()", "default_rng(0)")))
    process = workspace.run()  # the twin: with a seed it trains
    assert process.returncode == 0, process.stdout
    assert results_of(workspace) == []
    assert workspace.verdict("a")["verdict"] == "identical"


def test_a_warning_is_printed_and_training_goes_on(workspace, marker):
    workspace.write_recipe("trees.py", trees(marker, data=WARNING))
    workspace.write_config(models={"a": TINY})
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    assert "SB401 warning" in process.stdout
    assert results_of(workspace) == [("SB401", "warning")]


def test_the_log_is_the_same_in_another_folder_and_holds_no_path(workspace, marker, tmp_path_factory):
    recipe = trees(marker, data=WARNING)
    logs = []
    for folder in (workspace.folder, tmp_path_factory.mktemp("elsewhere")):
        here = type(workspace)(folder)
        here.write_recipe("trees.py", recipe)
        here.write_config(models={"a": TINY})
        target = "results/a/lint.sarif"
        process = here.samebits("run", "--profile", "local", target)
        assert process.returncode == 0, process.stdout
        logs.append((folder / target).read_bytes())
        assert str(folder).encode() not in logs[-1]
    assert logs[0] == logs[1]


def test_device_and_tier_of_the_model_decide(workspace, marker):
    text = trees(marker).replace(
        "import numpy as np", "import numpy as np\nimport torch\nPOOL = torch.nn.AvgPool3d"
    )
    workspace.write_recipe(
        "trees.py", text.replace("POOL = torch.nn.AvgPool3d", "POOL = torch.nn.AvgPool3d(2)")
    )
    for device, expected in (("cpu", []), ("cuda", [("SB101", "error")])):
        model = {**TINY, "device": device, "environment": "xgboost-cpu"}
        workspace.write_config(models={"a": model})
        process = workspace.samebits("run", "--profile", "local", "results/a/lint.sarif")
        assert process.returncode == 0, process.stdout
        assert results_of(workspace) == expected
