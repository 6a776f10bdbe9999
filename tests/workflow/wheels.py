"""A wheel as packaging writes it, of a model that was made without training and needs NumPy only."""

import base64
import hashlib
import json
import zipfile

import numpy as np
from safetensors.numpy import save

CODE = '''"""A linear model."""

import json
from pathlib import Path

import numpy as np

WEIGHT = np.array(json.loads((Path(__file__).parent / "weight.json").read_text()), np.float32)


def predict(X):
    return np.asarray(X, np.float32) @ WEIGHT
'''

SIGNATURE = {
    "inputs": [{"name": "X", "dtype": "float32", "shape": [-1, 3]}],
    "outputs": [{"name": "predictions", "dtype": "float32", "shape": [-1, 2]}],
    "requires": {"numpy": np.__version__},
}

ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


def wheel(results, scale=1.0):
    """Write the wheel of a model's run into its ``dist/``; return it, and what it predicts for ``ROWS``."""
    package = results.name.replace("-", "_")
    weight = (np.arange(6, dtype=np.float32).reshape(3, 2) / 7 * np.float32(scale)).astype(np.float32)
    members = {
        f"{package}/__init__.py": CODE,
        f"{package}/weight.json": json.dumps(weight.tolist()),
        f"{package}/signature.json": json.dumps(SIGNATURE),
        f"{package}/example.safetensors": save({"input.X": ROWS, "predictions": ROWS @ weight}),
        f"{package}/evidence/ledger.jsonl": (results / "run-1" / "ledger.jsonl").read_bytes(),
        f"{package}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n",
    }
    members = {name: text.encode() if isinstance(text, str) else text for name, text in members.items()}
    record = f"{package}-1.dist-info/RECORD"
    lines = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in members.items()]
    members[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    (results / "dist").mkdir()
    path = results / "dist" / f"{package}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path, ROWS @ weight


def _hash(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
