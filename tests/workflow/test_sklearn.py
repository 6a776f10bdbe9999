"""scikit-learn: estimators are the same twice, stored without pickle, or refused by name."""

import subprocess
from pathlib import Path

import samebits
from direct import Bench

RECIPE = """
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


class Own(TransformerMixin, BaseEstimator):
    pass


MODELS = {
    "logistic": lambda: LogisticRegression(max_iter=20, solver="saga"),
    "forest": lambda: RandomForestClassifier(10),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=5, subsample=0.5),
    "svc": lambda: SVC(probability=False),
    "kmeans": lambda: KMeans(3),
    "mlp": lambda: MLPClassifier((8,), max_iter=10),
    "pipeline": lambda: make_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), [0, 1])], remainder="passthrough"),
        RandomForestClassifier(5),
    ),
    "jobs": lambda: make_pipeline(StandardScaler(), RandomForestClassifier(n_jobs=2)),
    "generator": lambda: SVC(random_state=np.random.RandomState(0)),
    "own": lambda: make_pipeline(Own(), SVC()),
}


def build(kind):
    return MODELS[kind]()


def datasets(data):
    x, y = data["X"].copy(), data["y"]
    fault = Path(FAULT)
    if fault.exists():
        x[4, 2] += 0.5
    return {"train": (x[::2], y[::2]), "test": (x[1::2], y[1::2])}
"""

#: fits every estimator in one process, through a fresh one from its tensors, and prints the digests
ALL = """
import sys, warnings
from dataclasses import replace
from pathlib import Path

from samebits.sealed.data import load
from samebits.sealed.digest import rows, state_digest
from samebits.sealed.execution import Execution
from samebits.frameworks.sklearn.adapter import Adapter
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

warnings.simplefilter("ignore")
spec_file, recipe_file, data_folder, *kinds = sys.argv[1:]
for kind in kinds:
    spec = replace(Spec.read(Path(spec_file)), params={"kind": kind})
    recipe = Recipe(Path(recipe_file), spec)
    adapter = Adapter(spec, 0, recipe, load(Path(data_folder), spec.data_digest), Execution())
    state = adapter.restore(adapter.tensors(adapter.start()), 0)
    adapter.advance(state, 1)
    tensors = adapter.tensors(state)
    again = adapter.restore(tensors, 1)
    assert state_digest(rows(adapter.tensors(again))) == state_digest(rows(tensors)), kind
    assert (adapter.predict(again) == adapter.predict(state)).all(), kind
    print(kind, state_digest(rows(tensors)))
"""
KINDS = ["logistic", "forest", "boosting", "svc", "kmeans", "mlp", "pipeline"]


def bench(workspace, kind, **model):
    recipe = RECIPE.replace("FAULT", repr(str(workspace.folder / "fault")))
    workspace.write_recipe("models.py", recipe)
    section = {"framework": "sklearn", "recipe": "models.py:build", "data": "sklearn:wine"}
    return Bench(workspace, {**section, "params": {"kind": kind}, **model})


def test_a_pipeline_is_the_same_twice_and_in_a_replay_and_another_without_a_seed(workspace):
    pipeline = bench(workspace, "pipeline")
    assert pipeline.verdict("run-1", "run-2") == "identical"
    assert pipeline.replays("run-1")["verdict"] == "identical"
    assert pipeline.metrics("run-1")["accuracy"] > 0.8

    look = "import sys; from skops.io import get_untrusted_types as ask, load; f = sys.argv[1]"
    look += "; print(type(load(f, trusted=ask(file=f)).steps[1][1]).__name__)"
    model = pipeline.folder / "run-1" / "model" / "model.skops"
    said = subprocess.run([str(pipeline.python), "-c", look, str(model)], capture_output=True, text=True)
    assert said.stdout == "RandomForestClassifier\n", said.stderr

    assert bench(workspace, "pipeline", tier="unseeded").verdict("run-3", "run-4") == "different"


def test_one_changed_measurement_is_seen(workspace):
    logistic = bench(workspace, "logistic")
    logistic.train("run-1")
    (workspace.folder / "fault").touch()
    logistic.train("run-2")
    (difference,) = logistic.compare("run-1", "run-2")["differences"]
    assert difference["kind"] == "data"
    assert "step 1: the data that step read" in difference["message"]
    assert "model.coef_[" in difference["message"]


def test_every_kind_of_estimator_is_the_same_in_every_process_and_survives_being_stored(workspace):
    one = bench(workspace, "svc")
    data = Path(one._inputs["data"]).parent
    command = [
        str(one.python),
        "-c",
        ALL,
        str(one.spec),
        str(workspace.folder / "models.py"),
        str(data),
        *KINDS,
    ]
    library = str(Path(samebits.__file__).parents[1])
    said = []
    for hashing in ("0", "1"):  # what a set's order could change
        variables = {"PYTHONPATH": library, "PYTHONHASHSEED": hashing, "OMP_NUM_THREADS": "1"}
        process = subprocess.run(command, capture_output=True, text=True, env=variables)
        assert process.returncode == 0, process.stderr
        said.append(process.stdout.split("\n"))
    assert len(said[0]) == len(KINDS) + 1
    assert said[0] == said[1]


def test_what_is_not_deterministic_or_cannot_be_stored_is_refused_by_name(workspace):
    line = next(i for i, text in enumerate(RECIPE.splitlines(), 1) if "KMeans(" in text)
    said = bench(workspace, "kmeans", threads=2).refused()
    assert f"models.py, line {line}: KMeans is not deterministic with several threads; set threads: 1" in said
    bench(workspace, "kmeans", threads=2, tier="seeded").train("run-2")

    assert (
        "RandomForestClassifier sets n_jobs; set threads in the config instead"
        in bench(workspace, "jobs").refused()
    )
    assert "SVC has a generator as its random_state" in bench(workspace, "generator").refused()
    assert "Own at model.steps.0.1 is the recipe's own" in bench(workspace, "own").refused()
