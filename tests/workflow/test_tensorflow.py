"""TensorFlow: compiled Keras models, trained, replayed, resumed and refused over processes."""

import os
import shutil
import signal
import subprocess
from dataclasses import replace

import pytest

from samebits import ledger
from samebits.spec import Spec
from test_resume import start, wait_for

HEAD = """
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SECOND = Path({marker!r}).exists()
Path({marker!r}).touch()
batch_size = 50


def datasets(data):
    x, y = (data["X"] / data["X"].max(0)).astype("float32"), data["y"]
    {data}
    return {{"train": (x, y), "test": (x[:20], y[:20])}}


def metrics(predictions, test):
    return {{"accuracy": (predictions.argmax(1) == test[1]).mean()}}


def compiled(model, **settings):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, **settings)
    return model


def mlp():
    return compiled(keras.Sequential([
        layers.Dense(16, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3)
    ]))
"""

FLIPPING = """

class Flipping(keras.Sequential):
    taken = 0

    def train_on_batch(self, *arguments, **named):
        logs = super().train_on_batch(*arguments, **named)
        self.taken += 1
        if SECOND and self.taken == 2:
            kernel = self.layers[0].kernel
            bits = kernel.numpy().copy()
            bits.view(np.int32)[3, 5] ^= 1
            kernel.assign(bits)
        return logs


def flipping():
    return compiled(Flipping([keras.Input((13,)), layers.Dense(16), layers.Dense(3)]))
"""

#: all that may hide state or randomness: generators of Keras and TensorFlow, averages, an own train_step
STATEFUL = """
import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.config.set_dtype_policy("mixed_bfloat16")


class Noise(layers.Layer):
    def call(self, x):
        x = x + keras.random.normal(keras.ops.shape(x), 0, 0.1, x.dtype)
        return x + tf.random.normal(tf.shape(x), 0, 0.1, x.dtype)


class Own(keras.Model):
    def train_step(self, data):
        x, y, weights = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True), weights)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss, "again": loss}


def stateful():
    inputs = {"one": keras.Input((6,), name="one"), "two": keras.Input((7,), name="two")}
    x = layers.Concatenate()([inputs["one"], layers.GaussianDropout(0.1, seed=3)(inputs["two"])])
    x = layers.BatchNormalization()(layers.Dense(16, activation="relu")(Noise()(x)))
    x = layers.Dense(3, activation="softmax", dtype="float32")(layers.Dropout(0.2)(x))
    model = Own(inputs, x)
    rate = keras.optimizers.schedules.CosineDecay(0.01, 20)
    model.compile(keras.optimizers.Adam(rate, use_ema=True), "sparse_categorical_crossentropy")
    return model


def datasets(data):
    x, y = (data["X"] / data["X"].max(0)).astype("float32"), data["y"]
    parts = {"one": x[:, :6], "two": x[:, 6:]}
    return {"train": (parts, y, 1 + y.astype("float32")), "test": (parts, y)}


def metrics(predictions, test):
    return {"accuracy": (predictions.argmax(1) == test[1]).mean()}
"""

REFUSED = """

class Counted(layers.Layer):
    def call(self, x):
        count = tf.math.bincount(tf.argmax(x, 1, tf.int32), weights=tf.stop_gradient(x[:, 0]), minlength=3)
        return x * tf.reduce_sum(count)


class Timed(layers.Layer):
    def call(self, x):
        return x * tf.cast(tf.timestamp(), x.dtype)


CALLS = tf.Variable(0.0)


class Hidden(layers.Layer):
    def call(self, x):
        CALLS.assign_add(1.0)
        return x * CALLS


GENERATOR = tf.random.Generator.from_seed(3)


class Generated(layers.Layer):
    def call(self, x):
        return x + GENERATOR.normal(tf.shape(x))


class Seeded(layers.Layer):
    def __init__(self):
        super().__init__()
        self.generators = {"own": keras.random.SeedGenerator(3)}

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x), seed=self.generators["own"])


def racy():
    return compiled(keras.Sequential([layers.Dense(3), Counted()]))


def timed():
    return compiled(keras.Sequential([layers.Dense(3), Timed()]))


def hidden():
    return compiled(keras.Sequential([layers.Dense(3), Hidden()]))


def generated():
    return compiled(keras.Sequential([layers.Dense(3), Generated()]))


def own():
    return compiled(keras.Sequential([layers.Dense(3), Seeded()]))


def scripted():
    return compiled(keras.Sequential([keras.Input((13,)), layers.Lambda(lambda x: 2 * x), layers.Dense(3)]))


def raw():
    return keras.Sequential([layers.Dense(3)])
"""


def model(recipe, **changes):
    kept = {"framework": "tensorflow", "data": "sklearn:wine", "steps": 12, "segments": 3}
    return {**kept, "recipe": recipe, **changes}


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.fixture
def marker(tmp_path_factory):
    return tmp_path_factory.mktemp("fault") / "first-run-was-here"


def write(workspace, marker, more="", data="pass", name="mlp.py"):
    text = HEAD.format(marker=str(marker), data=data) + more
    workspace.write_recipe(name, text)
    return text


def test_reruns_and_replays_are_identical(workspace, marker):
    write(workspace, marker)
    workspace.write_recipe("stateful.py", STATEFUL)
    stateful = model("stateful.py:stateful")
    workspace.write_config(
        models={
            "mlp": model("mlp.py:mlp"),
            "stateful": stateful,
            "replayed": {**stateful, "verify": {"mode": "replay"}},
        }
    )
    process = workspace.run()
    assert process.returncode == 0, process.stdout
    for name in ("mlp", "stateful", "replayed"):
        assert workspace.verdict(name)["verdict"] == "identical"
    assert len(workspace.verdict("replayed")["replayed"]) == 3
    files = workspace.ledger("mlp")[-4]["files"]
    assert set(files) == {"model.json", "model.safetensors"}
    losses = [record["loss"] for record in workspace.ledger("stateful") if record["kind"] == "step"]
    assert len(set(losses)) == 12
    the_exported_model_predicts_the_same(workspace, "mlp")

    # another thread count is another spec
    results = workspace.results("mlp")
    changed = results / "changed.json"
    changed.write_bytes(replace(Spec.read(results / "spec.json"), threads=2).canonical())
    process = workspace.train(changed, results / "run-x")
    assert process.returncode == 0, process.stdout
    found = workspace.samebits("compare", results / "run-1", results / "run-x")
    assert found.returncode == 1
    assert "threads: 1 in run-1, 2 in run-x" in found.stdout


LOAD = """
import sys
import keras
import numpy as np
from safetensors.numpy import load_file

run = sys.argv[1]
model = keras.models.model_from_json(open(f"{run}/model/model.json").read())
stored = load_file(f"{run}/model/model.safetensors")
model.set_weights([stored[name] for name in sorted(stored, key=lambda name: int(name.split(".")[0]))])
data = np.load(sys.argv[2])
predictions = model.predict_on_batch((data["X"] / data["X"].max(0)).astype("float32")[:20])
np.testing.assert_allclose(predictions, load_file(f"{run}/predictions.safetensors")["predictions"], rtol=1e-4)
"""


def the_exported_model_predicts_the_same(workspace, name):
    spec = Spec.read(workspace.results(name) / "spec.json")
    python = workspace.environment(spec).parent / "bin" / "python"
    (data,) = workspace.cache.glob("data/sklearn-wine-*/*.npz")
    arguments = [str(python), "-c", LOAD, str(workspace.results(name) / "run-1"), str(data)]
    process = subprocess.run(arguments, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_injected_faults_are_caught(workspace, marker):
    """The twin of what is identical above: a flipped bit, another order of the data, no seed."""
    write(workspace, marker, FLIPPING)
    reverse = "if SECOND: x, y = x[::-1], y[::-1]"
    write(workspace, marker.with_name("order"), data=reverse, name="order.py")
    write(workspace, marker.with_name("unseeded"), name="unseeded.py")
    workspace.write_config(
        models={
            "flipping": model("mlp.py:flipping"),
            "order": model("order.py:mlp"),
            "unseeded": model("unseeded.py:mlp", tier="unseeded"),
            "seeded": model("unseeded.py:mlp", tier="seeded"),
        }
    )
    # one job at a time: the marker tells the first run from the second
    process = workspace.run("-j1", "--keep-going")
    assert process.returncode != 0, process.stdout
    (flip,) = workspace.verdict("flipping")["differences"]
    assert flip["tensor"] == "state.model.0.kernel"
    assert 2 <= flip["step"] <= 4
    (order,) = workspace.verdict("order")["differences"]
    assert (order["kind"], order["step"]) == ("data", 1)
    assert workspace.verdict("unseeded")["verdict"] == "different"
    assert workspace.verdict("seeded")["verdict"] == "identical"


def test_what_cannot_be_proven_is_refused_in_one_line(workspace, marker):
    text = write(workspace, marker, REFUSED)
    names = ("racy", "timed", "hidden", "generated", "scripted", "raw", "own")
    models = {name: model(f"mlp.py:{name}") for name in names}
    models["portable"] = model("mlp.py:mlp", tier="portable")
    models["seeded"] = model("mlp.py:racy", tier="seeded")
    workspace.write_config(models=models, defaults={"verify": {"mode": "replay"}})
    process = workspace.run("--keep-going")
    assert process.returncode != 0
    said = {name: (workspace.results(name) / "run-1" / "log.txt").read_text() for name in models}
    counted, timed = line_of(text, "bincount("), line_of(text, "timestamp()")
    hidden, generated = line_of(text, "CALLS.assign_add"), line_of(text, "GENERATOR.normal")
    for name, expected in {
        "racy": f"mlp.py, line {counted}: DenseBincount with weights adds up in any order",
        "timed": f"mlp.py, line {timed}: ",
        "hidden": f"is no part of the model (AssignAddVariableOp, mlp.py, line {hidden})",
        "generated": f"mlp.py, line {generated}); make it a weight of a layer",
        "scripted": "has a Lambda layer with a Python lambda, which only pickled code could store",
        "raw": "returns no compiled keras.Model; call its compile() and return it",
        "portable": "TensorFlow cannot keep the tier portable",
    }.items():
        (line,) = [line for line in said[name].splitlines() if line.startswith("samebits:")]
        assert expected in line
        assert "Traceback" not in said[name]
    assert "imestamp" in said["timed"]
    for name in (
        "own",
        "seeded",
    ):  # the twins: a layer's own generator; the same operator, of which less is asked
        assert (workspace.results(name) / "run-1" / ledger.FINISHED).exists(), said[name]


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(workspace, marker):
    write(workspace, marker)
    workspace.write_config(models={"mlp": model("mlp.py:mlp", steps=600, segments=6)})
    checkpoints = workspace.results("mlp") / "run-1" / "checkpoints"
    process = start(workspace)
    wait_for(lambda: len(list(checkpoints.glob("*.safetensors"))) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (workspace.results("mlp") / "run-1" / ledger.FINISHED).exists()

    assert workspace.run("--unlock").returncode == 0
    shutil.rmtree(workspace.results("mlp") / "run-2", ignore_errors=True)  # it shall be untouched
    again = workspace.run()
    assert again.returncode == 0, again.stdout
    assert "going on from the checkpoint at step" in again.stdout
    assert workspace.verdict("mlp")["verdict"] == "identical"


OPERATORS = """
import hashlib
import numpy as np
import tensorflow as tf
x = np.random.Generator(np.random.Philox(0)).random((64, 64), "float32") + 0.1
for operator in (tf.math.rsqrt, lambda x: tf.matmul(x, x)):
    print(hashlib.sha256(operator(tf.constant(x)).numpy().tobytes()).hexdigest())
"""


def test_the_reason_why_portable_is_refused(workspace, marker):
    """An operator of batch norm gives other bits elsewhere; the twin, a product of matrices, does not."""
    if not (qemu := shutil.which("qemu-x86_64")):
        assert "SAMEBITS_REQUIRE_QEMU" not in os.environ, "qemu-x86_64 is missing"
        pytest.skip("qemu-x86_64 (Debian: qemu-user) is missing")
    write(workspace, marker)
    workspace.write_config(models={"mlp": model("mlp.py:mlp")})
    assert workspace.run("results/mlp/spec.json").returncode == 0
    spec = Spec.read(workspace.results("mlp") / "spec.json")
    python = str(workspace.environment(spec).parent / "bin" / "python")
    variables = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "AVX2", "CUDA_VISIBLE_DEVICES": ""}
    outputs = [
        subprocess.run([*emulator, python, "-c", OPERATORS], env=variables, capture_output=True, text=True)
        for emulator in ([], [qemu, "-cpu", "Haswell"])
    ]
    native, haswell = (output.stdout.split() for output in outputs)
    assert len(native) == len(haswell) == 2, outputs[1].stderr
    assert native[0] != haswell[0]
    assert native[1] == haswell[1]
