"""A model's wheel as packaging writes it, with a model that needs NumPy only."""

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
    "outputs": {"predict": {"name": "predictions", "dtype": "float32", "shape": [-1, 2]}},
    "requires": {"numpy": np.__version__},
}

ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


def wheel(folder, model, scale=1.0, **more):
    """Write a wheel; ``more`` is further members by name. Returns it, and what it predicts for ``ROWS``."""
    package = model.replace("-", "_")
    weight = (np.arange(6, dtype=np.float32).reshape(3, 2) / 7 * np.float32(scale)).astype(np.float32)
    members = {
        f"{package}/__init__.py": CODE,
        f"{package}/weight.json": json.dumps(weight.tolist()),
        f"{package}/signature.json": json.dumps(SIGNATURE),
        f"{package}/example.safetensors": save({"X": ROWS, "predictions": ROWS @ weight}),
        f"{package}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n",
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{package}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path, ROWS @ weight
