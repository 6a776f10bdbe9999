"""One definition of a tier: what the adapter, a script and a package find switched is the same, flag by flag.

The flags are read by the libraries' own words, and not by what throws the switches.
"""

import json
import subprocess
from dataclasses import replace

import pytest

from direct import Bench
from samebits.packaging.stage import RUNTIME, copy_runtime
from samebits.sealed import seal
from samebits.sealed.spec import Spec

TORCH = """
def flags():
    import torch

    on = torch.backends
    operators = (on.cuda.matmul, on.cudnn.conv, on.cudnn.rnn, on.mkldnn.matmul, on.mkldnn.conv, on.mkldnn.rnn)
    return {
        "threads": torch.get_num_threads(),
        "threads between operators": torch.get_num_interop_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "only warns": torch.is_deterministic_algorithms_warn_only_enabled(),
        "cuDNN": [on.cudnn.enabled, on.cudnn.deterministic, on.cudnn.benchmark],
        "TF32": [on.cuda.matmul.allow_tf32, on.cudnn.allow_tf32],
        "precision": [torch.get_float32_matmul_precision(), *(each.fp32_precision for each in operators)],
        "oneDNN": on.mkldnn.enabled,
        "NNPACK": torch._C._get_nnpack_enabled(),
    }
"""

TENSORFLOW = """
def flags():
    import tensorflow as tf
    from tensorflow.python.framework import config

    return {
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "threads between operators": tf.config.threading.get_inter_op_parallelism_threads(),
        "deterministic": config.is_op_determinism_enabled(),
        "TF32": tf.config.experimental.tensor_float_32_execution_enabled(),
    }
"""

SKLEARN = """
def flags():
    import threadpoolctl

    return {pool["internal_api"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
"""

#: a recipe a framework, and what a user's own process has set before it predicts with a package
FRAMEWORKS = {
    "pytorch": {
        "flags": TORCH,
        "import": "import torch",
        "tiers": ("unseeded", "seeded", "deterministic", "portable"),
        "recipe": """
import torch


class Model(torch.nn.Module):
    batch_size = 32

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(13, 3)

    def forward(self, rows):
        return self.layer(rows)

    def training_step(self, batch, index):
        return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


def datasets(data):
    rows = torch.utils.data.TensorDataset(torch.tensor(data["X"]).float(), torch.tensor(data["y"]))
    return {"train": rows, "test": rows}


def metrics(predictions, test):
    return {"mean": predictions.mean()}
""",
        "set before": """
import torch
torch.set_num_threads(2)
torch.use_deterministic_algorithms(True, warn_only=True)
torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = True
torch.set_float32_matmul_precision("medium")
torch.backends.mkldnn.enabled = False
torch.backends.nnpack.set_flags(False)
""",
        "watched": "model.module.register_forward_pre_hook(lambda *given: seen.append(flags()))",
        "once": {"threads between operators"},
        "drift": ('        operator.fp32_precision = "ieee"', "        pass"),
    },
    "tensorflow": {
        "flags": TENSORFLOW,
        "import": "import tensorflow",
        "tiers": ("unseeded", "seeded", "deterministic"),
        "recipe": """
import keras


def Model():
    model = keras.Sequential([keras.layers.Input((13,)), keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def datasets(data):
    rows = data["X"].astype("float32"), data["y"]
    return {"train": rows, "test": rows}


def metrics(predictions, test):
    return {"mean": predictions.mean()}
""",
        "set before": "",
        "watched": """
predict = model.model.predict_on_batch
model.model.predict_on_batch = lambda rows: (seen.append(flags()), predict(rows))[1]
""",
        "once": {"threads", "threads between operators"},
        "drift": ("_config().enable_tensor_float_32_execution(False)", "pass"),
    },
    "sklearn": {
        "flags": SKLEARN,
        "import": "import sklearn.linear_model",
        "tiers": ("unseeded", "seeded", "deterministic", "portable"),
        "recipe": """
from sklearn.linear_model import LogisticRegression


def Model():
    return LogisticRegression(max_iter=10)


def datasets(data):
    return {"train": (data["X"], data["y"]), "test": (data["X"], data["y"])}
""",
        "set before": "",
        "watched": """
predict = model.estimator.predict
model.estimator.predict = lambda rows: (seen.append(flags()), predict(rows))[1]
""",
        "once": set(),
        "drift": ("with threadpoolctl.threadpool_limits(threads):", "with contextlib.nullcontext():"),
    },
}

ADAPTER = """
import json, sys
from pathlib import Path
from samebits.sealed import adapter as adapters
from samebits.sealed.data import load
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec
spec, recipe, data, folder = map(Path, sys.argv[1:])
spec = Spec.read(spec)
recipe = Recipe(recipe, spec)
adapter = adapters.load(spec.framework)(spec, 5, recipe, load(data, spec.data_digest), Execution())
found = flags()
state = adapter.restore(adapter.tensors(adapter.start()), 0)
adapter.advance(state, 1)
given = adapter.inputs(state)
if folder.name == "package":
    (folder / "model").mkdir()
    adapter.export(state, folder / "model")
    (folder / "call.json").write_text(json.dumps(given.call))
print(json.dumps(found))
"""

SCRIPT = """
import json, sys
from pathlib import Path
from samebits.frameworks.command.adapter import Adapter
from samebits.sealed.data import load
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec
spec, recipe, data = map(Path, sys.argv[1:])
spec = Spec.read(spec)
adapter = Adapter(spec, 5, Recipe(recipe, spec), load(data, spec.data_digest), Execution())
adapter.advance({}, 1)
print((Path.cwd().parent / "output" / "flags.json").read_text())
"""

PACKAGE = """
import importlib, json, sys
import numpy as np
from pathlib import Path
package, framework = Path(sys.argv[1]), sys.argv[2]
about = json.loads((package / "about.json").read_bytes())
sys.path.insert(0, str(package.parent))
Model = importlib.import_module(f"package._frameworks.{framework}.predictor").Model
before, seen = flags(), []
model = Model(package, about)
rows = np.zeros((4, 13), np.float32)
"""
SHOWN = """
model.predict({"rows": rows})
print(json.dumps([before, seen[-1], flags()]))
"""


class Places:
    """The three places in which one framework's switches are thrown."""

    def __init__(self, workspaces, name):
        self.name, self.framework = name, FRAMEWORKS[name]
        self.workspace = workspaces(name)
        self.folder = self.workspace.folder
        self.workspace.write_recipe("recipe.py", self.framework["recipe"])
        script = self.framework["flags"] + "import json\n" + self.framework["import"]
        self.workspace.write_recipe("script.py", script + "\njson.dump(flags(), open('flags.json', 'w'))\n")
        common = {"data": "sklearn:wine", "device": "cpu", "threads": 1, "environment": f"{name}-cpu"}
        steps = {} if name == "sklearn" else {"steps": 4}
        self.own = Bench(self.workspace, {"framework": name, "recipe": "recipe.py:Model", **steps, **common})
        self.own_spec = Spec.read(self.own.spec)
        options = {"options": {"outputs": ["flags.json"]}}
        self.script = Bench(
            self.workspace, {"framework": "command", "recipe": "script.py", **options, **common}
        )
        self.script_spec = Spec.read(self.script.spec)

    def adapter(self, tier, package=None):
        """Return the flags after an adapter was made; it trains a step for a package, if one is given."""
        spec = replace(self.own_spec, tier=tier)
        return self._measured(
            self.own, spec, self.framework["flags"] + ADAPTER, "recipe.py", package or "none"
        )

    def in_script(self, tier):
        """Return the flags that a script finds after it has imported the framework."""
        spec = replace(self.script_spec, tier=tier)
        return self._measured(self.script, spec, SCRIPT, "script.py")

    def package(self, tier):
        """Lay out a package's folder with a model in it."""
        package = self.folder / tier / "package"
        package.mkdir(parents=True)
        self.adapter(tier, package)
        copy_runtime(self.name, package)
        (package / "__init__.py").touch()
        (package / "materials").mkdir()
        (package / "materials" / "recipe.py").write_text(self.framework["recipe"])
        spec = json.loads(replace(self.own_spec, tier=tier).canonical())
        about = {"spec": spec, "call": json.loads((package / "call.json").read_bytes())}
        (package / "about.json").write_text(json.dumps(about))
        return package

    def predicted(self, package):
        """Return the flags of a user's process before, while and after a package predicts."""
        parts = ("set before", "flags", "watched")
        before, flags, watched = (self.framework[part] for part in parts)
        code = "\n".join([before, flags, PACKAGE, watched, SHOWN])
        return self._run(self.own.python, code, {"PATH": "/usr/bin:/bin"}, package, self.name)

    def _measured(self, bench, spec, code, recipe, *arguments):
        scratch = self.folder / f"{spec.framework}-{spec.tier}" / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        path = scratch.parent / "spec.json"
        path.write_bytes(spec.canonical())
        variables = seal.environment(spec, bench.library, scratch)
        files = (path, self.folder / recipe, bench.data)
        return self._run(bench.python, code, variables, *files, *arguments, folder=scratch)

    def _run(self, python, code, variables, *arguments, folder=None):
        done = subprocess.run(
            [python, "-sP", "-c", code, *map(str, arguments)],
            env=variables,
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", params=sorted(FRAMEWORKS))
def places(request, workspaces):
    return Places(workspaces, request.param)


def test_adapters_scripts_and_packages_find_the_same_switches_thrown(places):
    tables = {}
    for tier in places.framework["tiers"]:
        package = places.package(tier)
        before, during, after = places.predicted(package)
        tables[tier] = places.adapter(tier)
        assert places.in_script(tier) == tables[tier]
        assert during == tables[tier]
        # a process with other settings has them again; it had others, or this would show nothing
        assert before != during
        once = places.framework["once"]
        assert {k: v for k, v in after.items() if k not in once} == {
            k: v for k, v in before.items() if k not in once
        }
    if "deterministic" in tables["seeded"]:
        assert not tables["seeded"]["deterministic"] and tables["deterministic"]["deterministic"]
        assert tables["unseeded"] == tables["seeded"]


def test_the_twin_a_package_that_misses_a_switch_shows_in_the_table(places):
    package = places.folder / "deterministic" / "package"
    path = package / RUNTIME / places.name / "switches.py"
    text, (line, instead) = path.read_text(), places.framework["drift"]
    assert line in text
    path.write_text(text.replace(line, instead))
    try:
        _, during, _ = places.predicted(package)
        assert during != places.adapter("deterministic")
    finally:
        path.write_text(text)
