"""--fix mends what is safe, keeps everything else byte for byte, and has nothing left to do afterwards."""

import ast
import json
import random
import subprocess
import sys

import numpy as np
import pytest
from linting import Command

import samebits

HEAD = "import os\nimport numpy as np\nimport torch\nimport tensorflow as tf\n"

#: before -> after, one line each; comments and odd spacing stay
MENDED = {
    "files = os.listdir( folder )  # all of them": "files = sorted(os.listdir( folder ))  # all of them",
    "labels = list( set(names) )": "labels = list( sorted(set(names)) )",
    "rng = np.random.default_rng()": "rng = np.random.default_rng(seed=0)",
    "rng = np.random.default_rng( None )": "rng = np.random.default_rng( 0 )",
    "torch.use_deterministic_algorithms(False)": "torch.use_deterministic_algorithms(True)",
    "torch.use_deterministic_algorithms(True, warn_only=True)": "torch.use_deterministic_algorithms(True, warn_only=False)",
    "torch.backends.cudnn.benchmark=True": "torch.backends.cudnn.benchmark=False",
    "tf.config.threading.set_intra_op_parallelism_threads = 1 # one": "tf.config.threading.set_intra_op_parallelism_threads(1) # one",
    "torch.manual_seed = (1 + 2)": "torch.manual_seed((1 + 2))",
    "ds = tf.data.Dataset.range(3).map(f, deterministic = False)": "ds = tf.data.Dataset.range(3).map(f, deterministic = True)",
    "loader = torch.utils.data.DataLoader(d, in_order=False)": "loader = torch.utils.data.DataLoader(d, in_order=True)",
    "from sklearn.svm import SVC; m = SVC(probability=True,)": "from sklearn.svm import SVC; m = SVC(probability=True, random_state=0)",
    "from sklearn.cluster import KMeans; m = KMeans(n_clusters=(3))": "from sklearn.cluster import KMeans; m = KMeans(n_clusters=(3), random_state=0)",
    "é = os.listdir('ʘ')  # é": "é = sorted(os.listdir('ʘ'))  # é",
}


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def test_each_fix_changes_its_place_and_nothing_else(command):
    command.write("a.py", HEAD + "\n".join(MENDED) + "\n")
    process = command("a.py", "--fix", "--device", "cuda")
    text = (command.folder / "a.py").read_text()
    assert text == HEAD + "\n".join(MENDED.values()) + "\n"
    assert f"Mended {len(MENDED)} findings." in process.stderr

    again = command("a.py", "--fix", "--device", "cuda")  # idempotent
    assert (command.folder / "a.py").read_text() == text
    assert "Mended" not in again.stderr


def test_arguments_on_lines_of_their_own(command):
    before = (
        "from sklearn.ensemble import RandomForestClassifier\n"
        "model = RandomForestClassifier(\n    n_estimators=3,\n    max_depth=2,  # shallow\n)\n"
        "other = RandomForestClassifier(\n    n_estimators=3,\n    max_depth=2,\n)\n"
    )
    command.write("a.py", before)
    command("a.py", "--fix")
    text = (command.folder / "a.py").read_text()
    ast.parse(text)
    assert text == before.replace("max_depth=2,\n)", "max_depth=2, random_state=0,\n)")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_seed_is_inserted_after_the_imports(command, newline):
    lines = [
        '"""Train."""',
        "import torch",
        "",
        "loss = torch.nn.Linear(2, 2)(x).sum()",
        "loss.backward()",
        "",
    ]
    command.write("a.py", newline.join(lines).encode())
    process = command("a.py", "--fix", "--device", "cpu")
    assert process.returncode == 0, process.stdout
    wanted = [*lines[:2], "import samebits", "", "samebits.seed_all(0)", *lines[2:]]
    assert (command.folder / "a.py").read_bytes() == newline.join(wanted).encode()


def test_the_diff_shows_what_fix_does_and_writes_nothing(command):
    command.write("a.py", "import os\nx = os.listdir('.')\n")
    process = command("a.py", "--diff")
    assert process.returncode == 1
    assert process.stdout == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n import os\n-x = os.listdir('.')\n+x = sorted(os.listdir('.'))\n"
    )
    assert (command.folder / "a.py").read_text() == "import os\nx = os.listdir('.')\n"
    command("a.py", "--fix")
    assert command("a.py", "--diff").returncode == 0


def test_encoding_mark_and_permissions_stay(command):
    text = "# coding: latin-1\nimport os\né = os.listdir('.')\n".encode("latin-1")
    command.write("a.py", text).chmod(0o755)
    command.write("b.py", b"\xef\xbb\xbfimport os\nx = os.listdir('.')\n")
    command("a.py", "b.py", "--fix")
    assert (command.folder / "a.py").read_bytes() == text.replace(
        b"os.listdir('.')", b"sorted(os.listdir('.'))"
    )
    assert (command.folder / "a.py").stat().st_mode & 0o777 == 0o755
    assert (command.folder / "b.py").read_bytes().startswith(b"\xef\xbb\xbfimport os\nx = sorted(")


def test_notebooks_are_mended_in_their_cells(command):
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["%matplotlib inline\n", "import os"]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": ["!ls\n", "x = os.listdir('.')\n", "print(x)"],
        },
    ]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    command.write("a.ipynb", json.dumps(document, indent=1) + "\n")
    command("a.ipynb", "--fix")
    cells[1]["source"][1] = "x = sorted(os.listdir('.'))\n"
    assert (command.folder / "a.ipynb").read_text() == json.dumps(document, indent=1) + "\n"


def test_a_notebook_of_another_layout_is_left_alone(command):
    source = ["import os\n", "x = os.listdir('.')"]
    document = {"cells": [{"cell_type": "code", "source": source}], "metadata": {}, "nbformat": 4}
    text = json.dumps(document, indent=3)
    command.write("a.ipynb", text)
    assert command("a.ipynb", "--fix").returncode == 1
    assert (command.folder / "a.ipynb").read_text() == text


def test_what_the_fix_inserts_seeds_what_is_imported():
    drawn = []
    for seed in (1, 1, 2):
        samebits.seed_all(seed)
        drawn.append((random.random(), np.random.rand()))
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(ValueError, match="not between 0 and 4294967295"):
        samebits.seed_all(-1)


def test_seeding_imports_nothing():
    code = "import sys, samebits; samebits.seed_all(0); assert not {'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
