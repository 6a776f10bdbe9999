"""Only what runs in a measured process trains again when it changes; all else may be mended freely."""

import os
import shutil

from workspace import ROOT

RECIPE = """
from sklearn.linear_model import LogisticRegression

def digits():
    return LogisticRegression(max_iter=20)

def datasets(data):
    images, labels = data["X"] / 16, data["y"]
    return {"train": (images[:1500], labels[:1500]), "test": (images[1500:], labels[1500:])}
"""

PACKAGE = "workflow/lib/samebits"
#: changes to what never trains: a version, and a line at the end of files of each kind
OUTSIDE = (
    f"{PACKAGE}/report/page.py",
    f"{PACKAGE}/packaging/wheel.py",
    f"{PACKAGE}/proof/verdict.py",
    f"{PACKAGE}/frameworks/pytorch/adapter.py",
    f"{PACKAGE}/frameworks/sklearn/predictor.py",
    f"{PACKAGE}/frameworks/__init__.py",
)
INSIDE = (f"{PACKAGE}/sealed/engine.py", f"{PACKAGE}/frameworks/sklearn/adapter.py")


def planned(workspace, lib):
    """Return what the workflow would do with the samebits in ``lib``."""
    process = workspace.run("--dry-run", PYTHONPATH=str(lib))
    assert process.returncode == 0, process.stdout
    return process.stdout


def change(path):
    path.write_text(path.read_text() + "\n# changed\n")


def test_what_never_trains_can_change_without_training_again(workspace, tmp_path):
    checkout = tmp_path / "checkout"
    for part in ("workflow", "envs", "profiles", "containers", "config"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    lib = checkout / "workflow" / "lib"
    workspace.write_recipe("digits.py", RECIPE)
    model = {"framework": "sklearn", "recipe": "digits.py:digits", "data": "sklearn:digits", "device": "cpu"}
    workspace.write_config(models={"digits": model})
    process = workspace.run(PYTHONPATH=os.fspath(lib))
    assert process.returncode == 0, process.stdout
    assert "Nothing to be done" in planned(workspace, lib)

    for name in OUTSIDE:
        change(checkout / name)
    for name in (f"{PACKAGE}/__init__.py", "workflow/rules/common.smk"):
        text = (checkout / name).read_text()
        assert "0.1.0" in text
        (checkout / name).write_text(text.replace("0.1.0", "9.9.9"))
    assert "Nothing to be done" in planned(workspace, lib)

    for name in INSIDE:  # the twin
        before = (checkout / name).read_text()
        change(checkout / name)
        said = planned(workspace, lib)
        assert "training digits" in said, said
        (checkout / name).write_text(before)
    assert "Nothing to be done" in planned(workspace, lib)
