"""Recorded training against the same loop written by hand, without samebits, in the same environment."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from run import pairs, tell
from samebits import library, root, seal
from samebits.spec import Spec

RECIPES = root() / "config" / "recipes"
MODELS = {
    "digits-cnn": {
        "framework": "pytorch",
        "recipe": "config/recipes/digits_cnn.py:DigitsCNN",
        "data": "sklearn:digits",
        "params": {"channels": 32},
        "steps": 16000,
    },
    "cancer-trees": {
        "framework": "xgboost",
        "recipe": "config/recipes/cancer_trees.py:CancerTrees",
        "data": "sklearn:breast_cancer",
        "params": {"eta": 0.001, "max_depth": 6},
        "steps": 20000,
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
import xgboost
from safetensors.numpy import load_file
from cancer_trees import CancerTrees

spec, data = json.load(open(sys.argv[1])), load_file(sys.argv[2] + "/arrays.safetensors")
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
        workspace = Path(folder)
        config = {"models": MODELS, "cache": str(Path.cwd() / ".samebits")}
        (workspace / "config").mkdir()
        (workspace / "config" / "config.yaml").write_text(yaml.safe_dump(config))
        specs = [f"results/{model}/spec.json" for model in MODELS]
        command = [sys.executable, "-m", "samebits", "run", "--profile", "local", *specs]
        subprocess.run(
            command, cwd=workspace, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for model in MODELS:
            _measure(model, workspace)


def _measure(model: str, workspace: Path) -> None:
    path = workspace / "results" / model / "spec.json"
    spec = Spec.read(path)
    cache = Path.cwd() / ".samebits"
    data = next(cache.glob(f"data/{spec.data.replace(':', '-')}-*/data.json")).parent
    prefix = _prefix(cache, spec)
    folder = path.parent / "run-1"
    recipe = RECIPES / spec.recipe.split(":")[0]
    installed = workspace / "library"
    library.install(installed)

    def ours() -> float:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        (folder / "scratch").mkdir(parents=True)
        files = [str(item) for item in (path, recipe, data, folder)]
        environment = seal.environment(spec, installed, folder / "scratch")
        command = seal.command(prefix, *files)
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        lines = (folder / "timing.jsonl").read_text().splitlines()
        return sum(value for line in lines for key, value in json.loads(line).items() if "seconds" in key)

    def by_hand() -> float:
        command = [str(prefix / "bin" / "python"), "-c", BY_HAND[spec.framework], str(path), str(data)]
        environment = seal.environment(spec, RECIPES, workspace) | {"PATH": os.environ["PATH"]}
        return float(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)

    print(f"recording: {model}, {spec.framework}, {spec.steps} steps, {spec.threads} thread(s)", flush=True)
    tell(f"training {model}, recorded and by hand", pairs(ours, by_hand, 3), 1.03)


def _prefix(cache: Path, spec: Spec) -> Path:
    for manifest in cache.glob(f"envs/{spec.environment}-*/environment.json"):
        if json.loads(manifest.read_bytes())["digest"] == spec.environment_digest:
            return manifest.parent
    raise FileNotFoundError(spec.environment)
