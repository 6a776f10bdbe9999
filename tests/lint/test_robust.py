"""Whatever it is given, the linter says what it can about it, and never ends in a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from linting import Command

from families import ALL, grows

BAD = "import os\nfor name in os.listdir('.'):\n    rows.append(name)\n"


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def only(findings):
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def f(:\n    pass\n", "it is not Python 3.11"),
        (b"x = 'unfinished\n", "it is not Python 3.11"),
        (b"\xff\xfe\x00\x00", "it is not text in the encoding it declares"),
        (b"# coding: latin-nonsense\nx = 1\n", "it is not text in the encoding it declares"),
        (b"x = 1\x00\n", "null byte"),
        (b"print 'python 2'\n", "it is not Python 3.11"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "it is not Python 3.11"),
        (b"x = " + b"-" * 100_000 + b"1", "it cannot be parsed"),
        (b"if x:\n\ty\n        z\n", "it is not Python 3.11"),
    ],
)
def test_what_cannot_be_parsed_is_named(command, content, words):
    command.write("a.py", content)
    command.write("b.py", BAD)
    findings = command.json("a.py", "b.py", "--no-cache")
    assert [f["code"] for f in findings] == ["SB001", "SB401"]  # the others are still looked at
    assert words in findings[0]["message"]
    assert findings[0]["severity"] == "error"


def test_a_syntax_error_is_placed(command):
    command.write("a.py", "x = 1\ny = = 2\n")
    assert (only(command.json("a.py"))["line"], only(command.json("a.py"))["column"]) == (2, 5)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"\xef\xbb\xbf" + BAD.encode(),
        b"# -*- coding: latin-1 -*-\nn = '\xe9'\n" + BAD.encode(),
        BAD.replace("\n", "\r\n").encode(),
        BAD.replace("\n", "\r").encode(),
        BAD.encode() + b"\x0c\n",
        "import os\nx = 'ʘ😀'; y = os.listdir('.')\n".encode(),
    ],
)
def test_odd_encodings_and_line_ends_are_read(command, content):
    command.write("a.py", content)
    findings = command.json("a.py")
    assert [f["code"] for f in findings] == (["SB401"] if b"listdir" in content else [])


def test_columns_count_characters(command):
    command.write("a.py", "import os\nx = 'ʘ😀'; y = os.listdir('.')\n")
    finding = only(command.json("a.py"))
    assert (finding["column"], finding["end_column"]) == (15, 30)
    assert finding["excerpt"][finding["column"] - 1 : finding["end_column"] - 1] == "os.listdir('.')"


@grows
def test_large_and_deep_files(command):
    lines = 750_000 if ALL else 75_000  # of 14 bytes
    command.write("large.py", "import os\n" + "x = [1, 2, 3]\n" * lines + "y = os.listdir('.')\n")
    command.write("deep.py", "import os\nx = " + "+".join(["y"] * 900) + "\nz = os.listdir('.')\n")
    command.write("chain.py", "import os\nx = y" + ".f()" * 800 + "\nz = os.listdir('.')\n")
    command.write(
        "ifs.py",
        "import os\n" + "".join(" " * i + "if x:\n" for i in range(90)) + " " * 90 + "y = os.listdir('.')\n",
    )
    command.write("sum.py", "x = " + "+".join(["y"] * 9000) + "\n")  # more than Python's own parser takes
    command.write("huge.py", "x = 1\n" * 6_000_000)
    findings = command.json(".", "--no-cache")
    assert {f["path"]: f["code"] for f in findings} == {
        "large.py": "SB401",
        "deep.py": "SB401",
        "chain.py": "SB401",
        "ifs.py": "SB401",
        "huge.py": "SB001",
        "sum.py": "SB001",
    }
    assert "larger than 32 MB" in next(f["message"] for f in findings if f["path"] == "huge.py")


def test_links_in_circles_and_special_files_end(command):
    command.write("a/b.py", BAD)
    (command.folder / "a" / "again").symlink_to(command.folder / "a")
    (command.folder / "up").symlink_to(command.folder)
    (command.folder / "gone.py").symlink_to(command.folder / "nothing")
    os.mkfifo(command.folder / "pipe.py")
    findings = command.json(".")
    assert {(f["path"], f["code"]) for f in findings} == {
        ("a/b.py", "SB401"),
        ("gone.py", "SB001"),
        ("pipe.py", "SB001"),
    }


def test_what_may_not_be_read_is_named(command):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    command.write("a.py", BAD).chmod(0)
    assert "cannot be read" in only(command.json("a.py"))["message"]


def notebook(*cells, **more):
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    made.insert(0, {"cell_type": "markdown", "metadata": {}, "source": ["# os.listdir('.')"]})
    return (
        json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}, indent=1)
        + "\n"
    )


def test_notebooks_with_magics(command):
    command.write(
        "a.ipynb",
        notebook(
            ["%matplotlib inline\n", "!pip install torch\n", "import os\n", "files = !ls"],
            "%%bash\nfor x in $(ls); do echo $x; done",
            ["%%time\n", "for name in os.listdir('.'):\n", "    rows.append(name)"],
            "os.listdir?",
            "text = '''\n%not a magic\n'''\nx = (1\n  % 2)",
        ),
    )
    findings = command.json("a.ipynb")
    assert [(f["cell"], f["line"], f["code"]) for f in findings] == [(2, 2, "SB508"), (4, 2, "SB401")]


def test_names_are_known_from_cell_to_cell(command):
    command.write("a.ipynb", notebook("from os import listdir as ls", "names = ls('.')"))
    assert only(command.json("a.ipynb"))["cell"] == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not a notebook"),
        ("[]", "not a notebook"),
        ('{"cells": [{"cell_type": "code"}]}', "not a notebook"),
        ('{"worksheets": []}', "not a notebook"),
        (notebook("x = = 1"), "cell 2"),
        (notebook("x <- 1", metadata={"kernelspec": {"language": "R"}}), "are in R"),
        ("[" * 100_000, "not a notebook"),
    ],
)
def test_broken_notebooks_are_named(command, content, words):
    command.write("a.ipynb", content)
    finding = only(command.json("a.ipynb"))
    assert finding["code"] == "SB001"
    assert words in finding["message"]


def test_cuda_sources_and_requirements(command):
    command.write("k.cu", "// atomicAdd\n__global__ void f(float* y) {\n  atomicAdd(y, 1.0f);\n}\n")
    command.write("requirements.txt", "# needs\ntorch==2.13.0\nnumpy>=2\n-r more.txt\n")
    findings = command.json(".", "--device", "cuda")
    assert [(f["path"], f["line"], f["code"]) for f in findings] == [
        ("k.cu", 3, "SB108"),
        ("requirements.txt", 3, "SB508"),
    ]
    command.write("uv.lock", "version = 1\n")  # the twin: locked
    assert [f["path"] for f in command.json(".", "--device", "cuda")] == ["k.cu"]


def test_a_script_of_another_language_is_none_of_its_business(command):
    command.write("train.sh", '#!/bin/bash\necho "$RANDOM"\n')
    assert command.json("train.sh") == []
    command.write("train", "#!/usr/bin/env python3\n" + BAD)  # the twin
    assert command.json("train") != []


def test_a_mistyped_path_is_refused(command):
    process = command("nothing.py")
    assert process.returncode == 2
    assert process.stderr == "samebits: lint: nothing.py: no such file or folder\n"


def test_a_broken_pipe_ends_quietly(command):
    command.write("a.py", BAD * 2000)
    samebits = Path(sys.executable).parent / "samebits"
    process = subprocess.run(
        f"{samebits} lint a.py --no-cache | head -n 1",
        shell=True,
        cwd=command.folder,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in process.stderr
