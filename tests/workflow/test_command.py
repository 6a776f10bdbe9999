"""Any script, unmodified: the same twice, its outputs compared by content, its mistakes said once."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from direct import Bench

#: what any tutorial has: no seed anywhere
TORCH = """
import sys

import torch
from torch.utils.data import DataLoader, TensorDataset

x = torch.randn(256, 8)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(0.5), torch.nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for batch, labels in DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), 32, shuffle=True):
    loss = torch.nn.functional.cross_entropy(model(batch), labels)
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), sys.argv[1])
"""

NUMPY = """
import argparse, csv, json, random

import numpy as np
from safetensors.numpy import load_file
from sklearn.linear_model import SGDClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--alpha", type=float)
parser.add_argument("--average", action="store_true")
args = parser.parse_args()
arrays = load_file(args.data)
x, y = arrays["X"], arrays["y"]
order = np.random.default_rng().permutation(len(y))
noise = np.random.standard_normal(len(y)) + random.random()
model = SGDClassifier(alpha=args.alpha, average=args.average).fit(x[order], y[order])
np.savez("model.npz", coef=model.coef_, noise=noise)
with open("rows.csv", "w") as file:
    csv.writer(file).writerows([["row", "noise"], *enumerate(noise[:5])])
json.dump({"score": model.score(x, y), "loss": 0.25, "average": args.average}, open("metrics.json", "w"))
"""

#: writes one content in every format that a plain environment can write, each time with other bytes around it
FORMATS = """
import io, json, struct, sys, time, zipfile
from pathlib import Path

import h5py, numpy as np, pyarrow, pyarrow.parquet
from safetensors.numpy import save_file

faults = Path(sys.argv[1]).read_text().split()
run = time.time_ns()  # differs from run to run

def values(format):
    found = np.arange(6.0).reshape(2, 3)
    found[1, 2] += format in faults
    return found

save_file({"w": values("safetensors")}, "a.safetensors", {"run": str(run)})
np.save("a.npy", values("npy"))

def stamped(name, members):
    with zipfile.ZipFile(name, "w") as file:
        for member, raw in members.items():
            file.writestr(zipfile.ZipInfo(member, (1990 + run % 30, 1, 1, 0, 0, 0)), raw)

def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()

def h5(file, array):
    with h5py.File(file, "w", track_order=bool(run % 2)) as f:
        f.attrs["layers"] = ["one", "two"]
        f.create_dataset("layers/one/w", data=array, track_times=True, chunks=(1 + run % 2, 3))

stamped("a.npz", {"w.npy": npy(values("npz")), "words.npy": npy(np.array(["a", "b"]))})
h5("a.h5", values("h5"))
weights = io.BytesIO()
h5(weights, values("keras"))
stamped("a.keras", {
    "metadata.json": json.dumps({"keras_version": "3", "date_saved": str(run)}),
    "config.json": json.dumps({"class_name": "Sequential"}),
    "model.weights.h5": weights.getvalue(),
})
items = [("w", values("json").tolist()), ("text", "yes")]
Path("a.json").write_text(json.dumps(dict(items if run % 2 else items[::-1]), indent=run % 3))
end = ["\\n", "\\r\\n"][run % 2]
lines = ["x,y,label"] + [f"{x},{y},no {i}" for i, (x, y, _) in enumerate(values("csv")[:, ::-1].tolist())]
Path("a.csv").write_text(end.join(lines) + end)
table = pyarrow.table({"w": values("parquet").reshape(-1), "label": list("abcdef")})
pyarrow.parquet.write_table(table, "a.parquet", compression=["snappy", "gzip"][run % 2])
w = values("ubj").astype(">f4").tobytes()
Path("a.ubj").write_bytes(b"{i\\x01w[$d#i\\x06" + w + b"i\\x01nl" + struct.pack(">i", 7) + b"}")
Path("a.bin").write_bytes(values("bin").tobytes())
"""
SUFFIXES = ["safetensors", "npz", "npy", "json", "csv", "ubj", "h5", "keras", "parquet", "bin"]

FORMATS_ENVIRONMENT = """name: formats
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - pip: [numpy, blake3, safetensors, h5py, pyarrow]
"""


def script(workspace, name, text, environment="lightgbm-cpu", **model):
    """Prepare a script; the environment of LightGBM is the smallest."""
    workspace.write_recipe(name, text)
    section = {"framework": "command", "recipe": name, "environment": environment, "data": "sklearn:wine"}
    return Bench(workspace, {**section, **model})


@pytest.fixture
def formats(workspace):
    envs = workspace.folder / "envs" / "formats"
    envs.mkdir(parents=True)
    (envs / "environment.yaml").write_text(FORMATS_ENVIRONMENT)
    assert workspace.samebits("env", "lock", "formats").returncode == 0
    fault = workspace.folder / "fault.txt"
    fault.write_text("")
    names = [f"a.{suffix}" for suffix in SUFFIXES]
    options = {"arguments": [str(fault)], "outputs": names}
    return script(workspace, "formats.py", FORMATS, "formats", options=options), fault


def test_an_ordinary_pytorch_script_is_the_same_twice_and_another_without_a_seed(workspace):
    options = {"arguments": ["{output}/model.pt"], "outputs": ["model.pt"]}
    bench = script(workspace, "train.py", TORCH, "pytorch-cpu", options=options)
    assert bench.verdict("run-1", "run-2") == "identical"
    (checkpoint,) = bench.records("run-1", "checkpoint")[1:]
    names = [row[0] for row in checkpoint["tensors"]]
    assert names[:2] == ["model.pt:0.bias", "model.pt:0.weight"]

    twin = script(workspace, "train.py", TORCH, "pytorch-cpu", options=options, tier="unseeded")
    assert twin.verdict("run-3", "run-4") == "different"
    (difference,) = twin.compare("run-3", "run-4")["differences"]
    assert difference["tensor"] == "model.pt:0.bias"


def test_an_operator_that_is_not_deterministic_is_named_with_its_line(workspace):
    text = (
        "import torch\nx = torch.zeros(9)\nx.put_(torch.tensor([1]), torch.ones(1))\ntorch.save(x, 'x.pt')\n"
    )
    bench = script(workspace, "put.py", text, "pytorch-cpu", options={"outputs": ["x.pt"]})
    said = bench.refused()
    assert "put.py ended with status 1 at line 3" in said
    assert "put_ does not have a deterministic implementation" in said
    twin = script(workspace, "put.py", text, "pytorch-cpu", options={"outputs": ["x.pt"]}, tier="seeded")
    twin.train("run-2")


def test_a_numpy_and_sklearn_script_is_the_same_twice_and_another_without_a_seed(workspace):
    model = {
        "params": {"alpha": 0.01, "average": True},
        "options": {"arguments": ["--data={data}"], "outputs": ["model.npz", "rows.csv", "metrics.json"]},
    }
    bench = script(workspace, "fit.py", NUMPY, "sklearn-cpu", **model)
    assert bench.verdict("run-1", "run-2") == "identical"
    assert bench.records("run-1", "step")[0]["loss"] == (0.25).hex()
    assert list(bench.metrics("run-1")) == ["loss", "score"]

    twin = script(workspace, "fit.py", NUMPY, "sklearn-cpu", **model, tier="unseeded")
    assert twin.verdict("run-3", "run-4") == "different"


def test_content_counts_and_not_the_bytes_around_it_and_one_number_is_enough(formats):
    bench, fault = formats
    assert bench.verdict("run-1", "run-2") == "identical"
    other = [
        name
        for name in ("a.npz", "a.keras", "a.safetensors")
        if (bench.folder / "run-1/output" / name).read_bytes()
        != (bench.folder / "run-2/output" / name).read_bytes()
    ]
    assert "a.safetensors" in other and "a.keras" in other

    where = {
        "safetensors": "a.safetensors:w",
        "npz": "a.npz:w",
        "npy": "a.npy",
        "json": "a.json:w",
        "csv": "a.csv:x",
        "ubj": "a.ubj:w",
        "h5": "a.h5:layers/one/w",
        "keras": "a.keras:model.weights.h5.layers/one/w",
        "parquet": "a.parquet:w",
        "bin": "a.bin",
    }
    assert set(where) == set(SUFFIXES)
    fault.write_text(" ".join(SUFFIXES))  # one number in each
    bench.train("run-x")
    one, other = (digests(bench, run) for run in ("run-1", "run-x"))
    assert {name for name in one if one[name] != other[name]} == set(where.values())
    for suffix, place in {"keras": f"{where['keras']}[1, 2]", "bin": "a.bin[46]"}.items():
        fault.write_text(suffix)
        bench.train(f"run-{suffix}")
        (difference,) = bench.compare("run-1", f"run-{suffix}")["differences"]
        assert f"{place} is 0x" in difference["message"]


def digests(bench, run):
    """Return by name the digests of all that a run's script wrote."""
    return {row[0]: row[-1] for row in bench.records(run, "checkpoint")[-1]["tensors"]}


def test_a_shell_script_runs_with_the_python_of_its_environment(workspace):
    text = "#!/bin/bash\nset -e\necho [$1, $3] > $2/args.json\n"
    text += "python -c 'import numpy; numpy.save(\"w\", numpy.random.rand(3))'\n"
    model = {"options": {"arguments": ["{seed}", "{output}", "{k}"], "outputs": ["args.json", "w.npy"]}}
    bench = script(workspace, "train.sh", text, params={"k": 3}, seed=5, **model)
    assert bench.verdict("run-1", "run-2") == "identical"
    assert json.loads((bench.folder / "run-1/output/args.json").read_text()) == [5, 3]
    reseeded = script(workspace, "train.sh", text, params={"k": 3}, seed=6, **model)
    reseeded.train("run-3")
    assert reseeded.compare("run-1", "run-3")["differences"][0]["tensor"] == "seed"
    first, other = (bench.folder / f"{run}/output/w.npy" for run in ("run-1", "run-3"))
    assert first.read_bytes() != other.read_bytes()


def test_what_goes_wrong_is_said_once(workspace):
    def said(text, name="train.py", **options):
        (workspace.folder / name).unlink(missing_ok=True)
        return script(workspace, name, text, options={"outputs": ["w.npy"], **options}).refused()

    assert "did not write its output w.npy; it wrote v.npy" in said("open('v.npy', 'w')")
    failed = said("import sys\nprint('so far so good')\nsys.exit('out of luck')")
    assert "train.py ended with status 1" in failed and failed.rstrip().endswith(
        "so far so good\n  out of luck"
    )
    assert "ended with status 1 at line 2" in said("x = 0\n1 / x")
    assert "was killed by SIGKILL" in said("import os\nos.kill(os.getpid(), 9)")
    assert "the output w.npy leads out" in said("import os\nos.symlink('/etc/hostname', 'w.npy')")
    assert "w.npy cannot be read as its suffix says" in said("open('w.npy', 'w').write('no')")
    h5 = said("open('w.h5', 'w')", outputs=["w.h5"])
    assert "output w.h5: reading it takes h5py, which this environment lacks; add h5py" in h5
    assert "list it under as_bytes" in h5
    assert "begin it with a line such as #!/bin/bash" in said("echo", name="train.txt")
    assert "No module named 'beside'" in said("import beside")


def test_what_a_script_prints_changes_nothing(workspace):
    text = "import os, sys, numpy\nnumpy.save('w', [1.5])\nprint('done', file=sys.stderr)\n"
    text += "os.write(1, os.urandom(5000))"
    bench = script(workspace, "noisy.py", text, options={"outputs": ["w.npy"]})
    assert bench.verdict("run-1", "run-2") == "identical"


def test_a_killed_run_leaves_no_script_behind_and_begins_anew(workspace):
    pid = workspace.folder / "pid"
    text = f"import os, time\nfrom pathlib import Path\nfirst = not Path({str(pid)!r}).exists()\n"
    text += (
        f"open('half', 'w')\nPath({str(pid)!r}).write_text(str(os.getpid()))\nwhile first: time.sleep(0.1)\n"
    )
    text += "open('list.json', 'w').write(str(sorted(os.listdir('.'))).replace(chr(39), chr(34)))"
    bench = script(workspace, "wait.py", text, options={"outputs": ["list.json"]})
    process = subprocess.Popen(bench.command("run-1"), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    wait_for(lambda: pid.exists() and pid.read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not alive(int(pid.read_text())))
    bench.train("run-1")
    assert json.loads((bench.folder / "run-1/output/list.json").read_text()) == ["half", "list.json"]


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def alive(pid):
    """Tell whether a process runs; one that nobody has buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
