"""TensorFlow: compiled Keras models, trained, replayed, resumed and refused over processes."""

import json
import subprocess

import pytest

import programs
from direct import Bench
from samebits.sealed import seal
from samebits.sealed.spec import Spec

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


def write(workspace, marker, more=""):
    text = HEAD.format(marker=str(marker)) + more
    workspace.write_recipe("mlp.py", text)
    return text


def test_reruns_and_replays_are_identical_and_threads_are_part_of_what_is_compared(workspace, marker):
    write(workspace, marker)
    mlp = Bench(workspace, model("mlp.py:mlp"))
    assert mlp.verdict("run-1", "run-2") == "identical"
    (exported,) = mlp.records("run-1", "model")
    assert set(exported["files"]) == {"model.json", "model.safetensors"}
    the_exported_model_predicts_the_same(mlp)

    wide = Bench(workspace, model("mlp.py:mlp", threads=2))
    wide.train("run-3")
    assert wide.compare("run-1", "run-3")["differences"][0]["tensor"] == "threads"


def test_all_that_hides_state_is_the_same_in_replays(workspace):
    workspace.write_recipe("stateful.py", STATEFUL)
    stateful = Bench(workspace, model("stateful.py:stateful", segments=2))
    stateful.train("run-1")
    verdict = stateful.replays("run-1")
    assert verdict["verdict"] == "identical"
    assert [replay["segment"] for replay in verdict["replays"]] == [1, 2]
    assert len({record["loss"] for record in stateful.records("run-1", "step")}) == 12


LOAD = """
import sys
import keras
import numpy as np
from safetensors.numpy import load_file

run = sys.argv[1]
model = keras.models.model_from_json(open(f"{run}/model/model.json").read())
stored = load_file(f"{run}/model/model.safetensors")
model.set_weights([stored[name] for name in sorted(stored, key=lambda name: int(name.split(".")[0]))])
x = load_file(sys.argv[2])["X"]
predictions = model.predict_on_batch((x / x.max(0)).astype("float32")[:20])
np.testing.assert_allclose(predictions, load_file(f"{run}/predictions.safetensors")["predictions"], rtol=1e-4)
"""


def the_exported_model_predicts_the_same(bench):
    arguments = [bench.python, "-c", LOAD, bench.folder / "run-1", bench.data / "arrays.safetensors"]
    process = subprocess.run(arguments, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_injected_faults_are_caught(workspace, marker):
    """The twin of what is identical above: a flipped bit, and no seed."""
    write(workspace, marker, FLIPPING)
    flipping = Bench(workspace, model("mlp.py:flipping"))
    assert flipping.verdict("run-1", "run-2") == "different"
    (flip,) = flipping.compare("run-1", "run-2")["differences"]
    assert flip["tensor"] == "state.model.0.kernel"
    assert 2 <= flip["step"] <= 4
    assert Bench(workspace, model("mlp.py:mlp", tier="unseeded")).verdict("run-3", "run-4") == "different"


#: takes a step of every recipe in one process, since TensorFlow starts slowly, and tells what came of it
TRY = """
import json, sys
from dataclasses import replace
from pathlib import Path

from samebits.sealed.data import load
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.frameworks.tensorflow.adapter import Adapter
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

found = {}
for name in sys.argv[4:]:
    tier = "portable" if name == "mlp" else "deterministic"
    spec = replace(Spec.read(Path(sys.argv[1])), recipe=f"mlp.py:{name}", tier=tier)
    data = load(Path(sys.argv[3]), spec.data_digest)
    try:
        adapter = Adapter(spec, 0, Recipe(Path(sys.argv[2]), spec), data, Execution())
        adapter.advance(adapter.restore(adapter.tensors(adapter.start()), 0), 1)
        found[name] = "trained"
    except Refused as refused:
        found[name] = str(refused)
print(json.dumps(found))
"""


def test_what_cannot_be_proven_is_refused_in_one_line(workspace, marker):
    text = write(workspace, marker, REFUSED)

    def at(part):
        return f"mlp.py, line {line_of(text, part)}"

    racy = f"model m: {at('bincount(')}: DenseBincount with weights adds up in any order"
    hidden = f"is no part of the model (AssignAddVariableOp, {at('CALLS.assign_add')}); make it a weight"
    expected = {
        "racy": f"{racy}; use another operator, or tier: seeded",
        "timed": f"model m: {at('timestamp()')}: Timestamp",
        "hidden": hidden,
        "generated": f"{at('GENERATOR.normal')}); make it a weight of a layer",
        "scripted": "has a Lambda layer with a Python lambda, which only pickled code could store",
        "raw": "returns no compiled keras.Model; call its compile() and return it",
        "mlp": (
            "model m: TensorFlow cannot keep the tier portable: its kernels use approximations (rsqrt, "
            "reciprocal) whose bits differ between processors; set tier: deterministic"
        ),
        "own": "trained",  # the twin of "generated": a layer's own generator
    }
    bench = Bench(workspace, model("mlp.py:racy"))
    scratch = workspace.folder / "scratch"
    scratch.mkdir()
    files = [bench.spec, workspace.folder / "mlp.py", bench.data]
    done = subprocess.run(
        [bench.python, "-sP", "-c", TRY, *files, *expected],
        env=seal.environment(Spec.read(bench.spec), bench.library, scratch),
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    for name, words in expected.items():
        assert words in said[name], name
        assert "\n" not in said[name], name

    # the same from the process that trains
    process = bench.train("run-1", ok=False)
    assert process.returncode == 2
    assert f"samebits: {racy}" in process.stdout.splitlines()[-1]
    assert "Traceback" not in process.stdout
    Bench(workspace, model("mlp.py:racy", tier="seeded")).train("run-2")  # the twin: less is asked


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
    qemu = programs.need_emulator()
    write(workspace, marker)
    python = Bench(workspace, model("mlp.py:mlp")).python
    variables = {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "AVX2", "CUDA_VISIBLE_DEVICES": ""}
    outputs = [
        subprocess.run([*emulator, python, "-c", OPERATORS], env=variables, capture_output=True, text=True)
        for emulator in ([], [qemu, "-cpu", "Haswell"])
    ]
    native, haswell = (output.stdout.split() for output in outputs)
    assert len(native) == len(haswell) == 2, outputs[1].stderr
    assert native[0] != haswell[0]
    assert native[1] == haswell[1]
