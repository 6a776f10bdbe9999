"""The tier portable of XGBoost: emulated processors of other makers and ages give the ledger of this one."""

import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from boosters import boosters
from samebits import ledger, seal
from samebits.spec import Spec

#: an objective of NumPy's, whose cosines and sums have kernels of their own for each processor
BLAS = """

class Summed(Plain):
    @staticmethod
    def objective(predictions, train):
        errors = predictions - train.get_label()
        waves = np.cos(np.outer(errors, np.arange(64, dtype=np.float32)))
        mixed = waves @ (waves.T @ errors)
        return errors + mixed / np.abs(mixed).max(), np.ones(len(errors), np.float32)
"""

PARAMS = {"subsample": 0.7, "colsample_bynode": 0.8}
MODEL = {"framework": "xgboost", "data": "sklearn:digits", "steps": 12, "segments": 2, "params": PARAMS}


@pytest.fixture(scope="module")
def qemu():
    """Return the emulator's command."""
    if (found := shutil.which("qemu-x86_64")) is None:
        if os.environ.get("SAMEBITS_REQUIRE_QEMU") == "1":
            pytest.fail("qemu-x86_64 is not installed")
        pytest.skip("qemu-x86_64 is not installed")
    return found


@pytest.fixture(scope="module")
def trained(module_workspace, tmp_path_factory):
    """Models trained natively."""
    unused = tmp_path_factory.mktemp("unused") / "armed"
    module_workspace.write_recipe("boosters.py", boosters(unused) + BLAS)
    models = {
        "trees": {**MODEL, "recipe": "boosters.py:Plain", "tier": "portable"},
        "ranked": {**MODEL, "recipe": "boosters.py:Ranked", "tier": "portable"},
        "summed": {**MODEL, "recipe": "boosters.py:Summed", "tier": "portable"},
    }
    models["ranked"]["params"] = {**PARAMS, "objective": "rank:ndcg"}
    module_workspace.write_config(models=models)
    process = module_workspace.run()
    assert process.returncode == 0, process.stdout
    return module_workspace


def ledger_of(workspace, name, folder, before=(), **changes):
    """Train a model in a sealed process, natively or emulated, and return its ledger."""
    spec = replace(Spec.read(workspace.results(name) / "spec.json"), **changes)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    (folder / "spec.json").write_bytes(spec.canonical())
    data = next(workspace.cache.glob("data/sklearn-digits-*/data.json")).parent
    files = [str(path) for path in (folder / "spec.json", workspace.folder / "boosters.py", data, folder)]
    process = subprocess.run(
        [*before, *seal.command(workspace.environment(spec).parent, *files)],
        env=seal.environment(spec, workspace.library(), scratch),
        cwd=scratch,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.returncode == 0, process.stdout
    return (folder / ledger.FINISHED).read_bytes()


@pytest.mark.parametrize("cpu", ["Haswell", "EPYC"])
@pytest.mark.parametrize("name", ["trees", "ranked"])
def test_trees_are_the_same_on_other_processors(trained, qemu, tmp_path, name, cpu):
    emulated = ledger_of(trained, name, tmp_path / "emulated", [qemu, "-cpu", cpu])
    assert emulated == (trained.results(name) / "run-1" / ledger.FINISHED).read_bytes()


def test_trees_need_no_tier_for_that(trained, qemu, tmp_path):
    """Not even AVX2: with the tier portable, whose BLAS needs it, a Nehalem could not start."""
    native = ledger_of(trained, "trees", tmp_path / "native", tier="deterministic")
    emulated = ledger_of(
        trained, "trees", tmp_path / "emulated", [qemu, "-cpu", "Nehalem"], tier="deterministic"
    )
    assert emulated == native


@pytest.mark.parametrize("cpu", ["Haswell", "EPYC"])
def test_so_is_an_objective_that_calls_a_blas(trained, qemu, tmp_path, cpu):
    emulated = ledger_of(trained, "summed", tmp_path / "emulated", [qemu, "-cpu", cpu])
    assert emulated == (trained.results("summed") / "run-1" / ledger.FINISHED).read_bytes()


def test_the_twin_an_objective_depends_on_the_processor_where_nothing_is_pinned(trained, qemu, tmp_path):
    native = ledger_of(trained, "summed", tmp_path / "native", tier="deterministic")
    emulated = ledger_of(
        trained, "summed", tmp_path / "emulated", [qemu, "-cpu", "Nehalem"], tier="deterministic"
    )
    assert native.splitlines()[0] == emulated.splitlines()[0]
    assert native != emulated
