"""The command line: what a user gets wrong is told in a line, with a status that means nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from families import some
from toy import GOLDEN

BIN = Path(sys.executable).parent


def call(folder, *arguments, **variables):
    return subprocess.run(
        [BIN / arguments[0], *arguments[1:]],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def refused(folder, *arguments):
    """Call the command, which must refuse in one line, and return that."""
    done = call(folder, "samebits", *arguments)
    assert done.returncode == 2, done.stdout
    (line,) = done.stdout.splitlines()
    return line


NO_CONFIGS = {
    "not YAML": (b"models:\n\t- a", "config.yaml is not YAML: "),
    "not text": (b"\xff\xfe", "config.yaml is not UTF-8; save it as text"),
    "empty": (b"", "config.yaml holds no keys; begin with models:"),
    "a list": (b"- models", "config.yaml holds no keys; begin with models:"),
    "a key twice": (b"models: {}\nmodels: {}", "'models' is given twice in "),
}


@pytest.mark.parametrize(("content", "said"), some(NO_CONFIGS.values()), ids=NO_CONFIGS)
def test_a_config_that_cannot_be_read_is_named(tmp_path, content, said):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_bytes(content)
    assert said in refused(tmp_path, "run", "--profile", "local", "-n")
    plain = call(tmp_path, "snakemake", "--profile", f"{BIN.parent.parent}/profiles/local", "-n")
    assert said in call(tmp_path, "samebits", "run", "--configfile", "config/config.yaml", "-n").stdout
    assert plain.returncode != 0
    assert "Traceback" not in plain.stdout


@pytest.mark.parametrize("name", ["config.yml", "config.json", "config.yaml/"])
def test_what_may_be_meant_for_a_config_does_not_train_the_worked_examples(tmp_path, name):
    path = tmp_path / "config" / name
    path.mkdir(parents=True) if name.endswith("/") else (path.parent.mkdir(), path.touch())
    said = refused(tmp_path, "run", "--profile", "local", "-n")
    assert f"config/{name.strip('/')} is not read; the config is the file config/config.yaml" in said


def test_without_a_config_the_worked_examples_are_run_and_that_is_said(tmp_path):
    done = call(tmp_path, "samebits", "run", "--profile=local", "-n")
    assert done.returncode == 0, done.stdout
    assert "no config/config.yaml here: these are the worked examples" in done.stdout


def test_a_profile_that_is_nowhere_is_refused(tmp_path):
    said = refused(tmp_path, "run", "--profile", "loca")
    assert said.startswith(
        "samebits: there is no profile 'loca'; samebits brings dask, gpu, kubernetes, local,"
    )


PATHS = {
    ("compare", GOLDEN, GOLDEN, "-o", "no/where.json"): "no/where.json: there is no such file or folder",
    ("compare", GOLDEN, GOLDEN, "-o", "."): ".: it is a folder; give the path of a file",
    ("linted", "."): ".: it is a folder; give the path of a file",
    ("library", "NOSUCH", "x"): "there is no framework 'NOSUCH'; samebits has command, ",
    ("library", "sklearn", "/dev/null/x"): "a part of it is no folder; give another path",
    ("data", "x", "--source", "{}", "--folder", "f"): "this is no source of a data set: ",
    ("publish", "/dev/null", "--places", "{"): "this is no section publish: invalid JSON",
    ("publish", "/dev/null", "--places", "{}"): "the section publish names no place; write an index, a ",
    (
        "publish",
        "/dev/null",
        "--places",
        '{"index": {"upload": "https://me:secret@host/", "simple": "https://host/"}}',
    ): "this.index.upload is no section publish: a user or password must not stand in a URL; put it",
    ("verify", "x.whl", "--sample", "0.5"): "--sample, --data and --allow-code go with --replay; add it",
}


@pytest.mark.parametrize(("arguments", "said"), PATHS.items(), ids=lambda given: given[0])
def test_a_wrong_argument_is_told_in_a_line(tmp_path, arguments, said):
    assert said in refused(tmp_path, *map(str, arguments))
