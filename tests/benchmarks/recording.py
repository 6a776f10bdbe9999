"""Recorded training against the same loop written by hand, without samebits, in the same environment."""

import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from prepared import RECIPES, Prepared
from run import pairs, tell
from samebits.sealed import seal

ROWS, COLUMNS = 100_000, 40

MODELS = {
    "digits-cnn": {
        "framework": "pytorch",
        "recipe": "config/recipes/digits_cnn.py:DigitsCNN",
        "data": "sklearn:digits",
        "params": {"channels": 32},
        "steps": 6000,
        "segments": 8,
    },
    # a round on it takes as long as rounds do where training takes long
    "trees": {
        "framework": "xgboost",
        "recipe": "config/recipes/cancer_trees.py:CancerTrees",
        "data": "table",
        "params": {"max_depth": 6},
        "steps": 600,
        "segments": 8,
    },
    # the other end: a round takes a third of a millisecond
    "cancer-trees": {
        "framework": "xgboost",
        "recipe": "config/recipes/cancer_trees.py:CancerTrees",
        "data": "sklearn:breast_cancer",
        "params": {"eta": 0.001, "max_depth": 6},
        "steps": 20000,
        "segments": 8,
    },
}

BY_HAND = {
    "pytorch": """
import json, random, sys, time
import numpy as np, torch
from torch.utils.data import DataLoader
from safetensors.numpy import load_file
from digits_cnn import DigitsCNN

spec, data = json.load(open(sys.argv[1])), load_file(sys.argv[2] + "/arrays.safetensors")
torch.set_num_threads(spec["threads"]); torch.use_deterministic_algorithms(True); torch.manual_seed(0)
train = DigitsCNN.datasets(data)["train"]
began = time.perf_counter()
model = DigitsCNN(**spec["params"])
optimizer = model.configure_optimizers()
losses, step = [], 0
while step < spec["steps"]:
    for index, batch in enumerate(DataLoader(train, batch_size=model.batch_size, shuffle=True)):
        optimizer.zero_grad()
        loss = model.training_step(batch, index)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        step += 1
        if step == spec["steps"]:
            break
print(time.perf_counter() - began)
""",
    "xgboost": """
import json, sys, time
import numpy, xgboost
from safetensors.numpy import load_file
from cancer_trees import CancerTrees

spec, path = json.load(open(sys.argv[1])), sys.argv[2]
data = numpy.load(path) if path.endswith(".npz") else load_file(path + "/arrays.safetensors")
recipe = CancerTrees(**spec["params"])
train = recipe.datasets(data)["train"]
began = time.perf_counter()
params = {**recipe.params, "nthread": spec["threads"], "seed": 0}
xgboost.train(params, train, spec["steps"], evals=[(train, "train")], verbose_eval=False)
print(time.perf_counter() - began)
""",
}


def run() -> None:
    """Print the ratio for each framework: training, ledger, checkpoints, cold boundaries and all."""
    with tempfile.TemporaryDirectory() as folder:
        draw = np.random.default_rng(0)
        features = draw.standard_normal((ROWS, COLUMNS), dtype=np.float32)
        labels = features[:, :4].sum(axis=1) + draw.standard_normal(ROWS) > 0
        table = Path(folder) / "table.npz"
        np.savez(table, X=features, y=labels.astype(np.float32))
        prepared = Prepared(Path(folder), MODELS, {"table": {"path": str(table)}})
        for model in MODELS:
            _measure(model, prepared)


def _measure(model: str, prepared: Prepared) -> None:
    spec = prepared.spec(model)
    shares = []

    def ours() -> float:
        seconds = prepared.train(model)
        shares.append((seconds["restore"] + seconds["save"]) / sum(seconds.values()))
        return sum(seconds.values())

    def by_hand() -> float:
        path = prepared.folder / "results" / model / "spec.json"
        data = prepared.folder / "table.npz" if spec.data == "table" else prepared.data(spec)
        python = str(prepared.prefix(spec) / "bin" / "python")
        command = [python, "-c", BY_HAND[spec.framework], str(path), str(data)]
        environment = seal.environment(spec, RECIPES, prepared.folder) | {"PATH": os.environ["PATH"]}
        return float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)

    print(f"recording: {model}, {spec.framework}, {spec.steps} steps, {spec.threads} thread(s)", flush=True)
    tell(f"training {model}, recorded and by hand", pairs(ours, by_hand, 3), 1.03)
    share = f"{100 * median(shares):.2f} % of the time (goal: at most 3)"
    print(f"training {model}: {spec.segments} checkpoints took {share}", flush=True)
