"""The pages of docs/formats, the code and a reader written from the pages agree."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import independent_reader
from samebits.proof.sample import Sample
from samebits.sealed import ledger, nested
from samebits.sealed.digest import Tensor, canonical_json, files_digest, rows, state_digest
from samebits.sealed.seeds import derive, permutation

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "goldens" / "run-1"
READER = Path(independent_reader.__file__)


def vectors(name):
    """Return the test vectors of this name from the page that has them."""
    found = [
        json.loads(block)
        for page in sorted((ROOT / "docs" / "formats").glob("*.md"))
        for block in re.findall(rf"^```json vectors {name}\n(.*?)^```", page.read_text(), re.M | re.S)
    ]
    (block,) = found
    return block


@pytest.fixture
def run(tmp_path):
    return Path(shutil.copytree(GOLDEN, tmp_path / "run-1"))


def test_canonical_json():
    for vector in vectors("canonical"):
        assert canonical_json(vector["value"]).decode() == vector["encoded"]


def test_digests_of_files():
    for vector in vectors("files"):
        assert files_digest(vector["files"]) == vector["digest"]


def test_digests_of_states():
    for vector in vectors("state"):
        tensors = {
            name: Tensor(dtype, tuple(shape), np.frombuffer(bytes.fromhex(raw), np.uint8))
            for name, dtype, shape, raw in vector["tensors"]
        }
        found = rows(tensors)
        assert json.loads(canonical_json(found)) == vector.get("rows", [])
        assert state_digest(found) == vector["digest"]


def test_plain_values():
    for vector in vectors("tree"):
        (values,) = nested.flatten(vector["tree"], vector["name"], lambda _: None).values()
        assert values.raw.tobytes().decode() == vector["values"]


def test_seeds_and_orders():
    for vector in vectors("seeds"):
        assert derive(*vector["place"]) == vector["seed"]
    for vector in vectors("order"):
        order = permutation(vector["seed"], vector["length"], vector["epoch"])
        assert order.tolist() == vector["order"]


def test_numbers():
    for vector in vectors("numbers"):
        assert float(vector["value"]).hex() == vector["hex"]


def test_samples():
    for vector in vectors("sample"):
        drawn = Sample.draw(ROOT / vector["run"], vector["share"], vector["nonce"])
        assert drawn.segments == vector["segments"]


def test_the_golden_run():
    for vector in vectors("head"):
        path = ROOT / vector["run"] / ledger.FINISHED
        assert len(ledger.read(path)) == vector["records"]
        assert ledger.head(path) == vector["head"]


def test_the_reader_is_short_and_independent():
    source = READER.read_text()
    code = [line for line in source.splitlines() if line.strip()]
    assert len(code) <= 40
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import)
        for name in node.names
    } | {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert imported == {"hashlib", "json", "pathlib", "struct", "sys", "blake3"}


def read(folder):
    command = [sys.executable, str(READER), str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_reader_agrees_on_the_golden_run():
    assert read(GOLDEN).stdout.strip() == ledger.head(GOLDEN / ledger.FINISHED)


def test_the_reader_refuses_every_changed_line(run):
    path = run / ledger.FINISHED
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines):
        changed = [
            [*lines[:number], *lines[number + 1 :]],
            [*lines[:number], line, *lines[number:]],
            [*lines[:number], line.replace(b'"kind"', b'"kind" '), *lines[number + 1 :]],
        ]
        for content in changed:
            path.write_bytes(b"".join(content))
            with pytest.raises((AssertionError, IndexError)):
                independent_reader.check(run)
    path.write_bytes(b"".join(lines))
    assert independent_reader.check(run) == ledger.head(path)  # the twin


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints/step-00000000.safetensors",
        "checkpoints/step-00000006.safetensors",
        "model/model.safetensors",
        "predictions.safetensors",
    ],
)
def test_the_reader_refuses_a_flipped_bit_in_any_file(run, name):
    raw = bytearray((run / name).read_bytes())
    raw[-1] ^= 1
    (run / name).write_bytes(raw)
    with pytest.raises(AssertionError):
        independent_reader.check(run)
