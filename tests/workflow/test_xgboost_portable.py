"""The tier portable of XGBoost: emulated processors of other makers and ages give the ledger of this one."""

import json
import subprocess
from dataclasses import replace

import pytest

import programs
from boosters import boosters
from samebits.sealed import ledger, seal
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import SITE_VARIABLES
from workspace import LONG

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
MODEL = {"framework": "xgboost", "data": "sklearn:digits", "steps": 8, "segments": 2, "tier": "portable"}
MODELS = {
    "trees": {**MODEL, "recipe": "boosters.py:Plain", "params": PARAMS},
    "ranked": {**MODEL, "recipe": "boosters.py:Ranked", "params": {**PARAMS, "objective": "rank:ndcg"}},
    "summed": {**MODEL, "recipe": "boosters.py:Summed", "params": PARAMS},
}


@pytest.fixture(scope="module")
def qemu():
    """Return the emulator's command."""
    return programs.need_emulator()


@pytest.fixture(scope="module")
def trained(qemu, module_workspace, tmp_path_factory):
    """Models trained natively."""
    unused = tmp_path_factory.mktemp("unused") / "armed"
    module_workspace.write_recipe("boosters.py", boosters(unused) + BLAS)
    module_workspace.write_config(models=MODELS)
    process = module_workspace.run()
    assert process.returncode == 0, process.stdout
    return module_workspace


#: trains several specs one after the other, since Python starts slowly when it is emulated
ALL = """
import json, sys
from samebits.sealed import process
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    assert process.main() == 0
"""


def ledgers(workspace, names, folder, before=(), **changes):
    """Train models in one sealed process, natively or emulated, and return their ledgers by name."""
    data = next(workspace.cache.glob("data/sklearn-digits-*/data.json")).parent
    arguments = []
    for name in names:
        spec = replace(Spec.read(workspace.results(name) / "spec.json"), **changes)
        (folder / name).mkdir(parents=True)
        (folder / name / "spec.json").write_bytes(spec.canonical())
        files = (folder / name / "spec.json", workspace.folder / "boosters.py", data, folder / name)
        arguments.append([str(path) for path in files])
    python = seal.command(workspace.environment(spec).parent)[:2]
    (scratch := folder / "scratch").mkdir()
    process = subprocess.run(
        [*before, *python, "-c", ALL, json.dumps(arguments)],
        env=seal.environment(spec, workspace.library("xgboost"), scratch),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.returncode == 0, process.stdout
    return {name: (folder / name / ledger.FINISHED).read_bytes() for name in names}


@pytest.mark.parametrize("cpu", ["Haswell", "EPYC"] if LONG else ["Haswell"])
def test_trees_and_an_objective_that_calls_a_blas_are_the_same_on_other_processors(
    trained, qemu, tmp_path, cpu
):
    emulated = ledgers(trained, MODELS, tmp_path / "emulated", [qemu, "-cpu", cpu])
    for name in MODELS:
        assert emulated[name] == (trained.results(name) / "run-1" / ledger.FINISHED).read_bytes(), name


def test_trees_need_no_tier_for_that_but_an_objective_does(trained, qemu, tmp_path, monkeypatch):
    """Not even AVX2: with the tier portable, whose BLAS needs it, a Nehalem could not start.

    The twin: an objective depends on the processor where nothing is pinned.
    """
    names, tier = ["trees", "summed"], {"tier": "deterministic"}
    native = ledgers(trained, names, tmp_path / "native", **tier)
    for variable in SITE_VARIABLES:  # a site sets them for its own processors
        monkeypatch.delenv(variable, raising=False)
    emulated = ledgers(trained, names, tmp_path / "emulated", [qemu, "-cpu", "Nehalem"], **tier)
    assert emulated["trees"] == native["trees"]
    assert native["summed"].splitlines()[0] == emulated["summed"].splitlines()[0]
    assert native["summed"] != emulated["summed"]
