"""What a packaged model takes and gives: found out from the test data, and written into the package."""

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import load_file

from samebits import frameworks
from samebits.packaging import card
from samebits.packaging.description import Description
from samebits.packaging.naming import Names
from samebits.packaging.stage import MATERIALS, PREDICTIONS, RUNTIME
from samebits.sealed import inputs


def describe(folder: Path, names: Names, described: Description) -> None:
    """Complete a staged package but for what its environment knows: its signature, its call and its module.

    Args:
        folder: the package's folder and, beside it, what ``samebits.sealed.inputs`` wrote.
        names: what the package is called.
        described: what its maker says of it.
    """
    package = folder / names.module
    about = json.loads((package / "about.json").read_bytes())
    about["call"] = json.loads((folder / inputs.CALL).read_bytes())
    _write_json(package / "about.json", about)
    arrays = load_file(folder / inputs.ARRAYS)
    outputs = load_file(folder / PREDICTIONS) if arrays else {}
    signature = {
        "inputs": [_described(name, array) for name, array in sorted(arrays.items())],
        "outputs": [_described(name, array) for name, array in outputs.items()],
    }
    _write_json(package / "signature.json", signature)
    summary = described.summary_of(about["spec"])
    predictor = frameworks.predictor(about["spec"]["framework"])
    (package / "__init__.py").write_text(card.module(names, about["model"], summary, signature, predictor))


def sources(folder: Path, names: Names) -> list[Path]:
    """List the files of a staged package whose imports it requires."""
    package = folder / names.module
    spec = json.loads((package / "about.json").read_bytes())["spec"]
    own = package / RUNTIME / frameworks.predictor(spec["framework"])
    paths = sorted([*package.glob("*.py"), *own.glob("*.py")])
    if frameworks.traits(spec["framework"]).packages_recipe:
        paths.append(package / MATERIALS / spec["recipe"].partition(":")[0])
    return paths


def settle(folder: Path) -> None:
    """Remove what only served to try a package."""
    for name in (inputs.ARRAYS, inputs.CALL, PREDICTIONS):
        (folder / name).unlink()


def _described(name: str, array: NDArray[Any]) -> dict[str, Any]:
    return {"name": name, "dtype": array.dtype.name, "shape": [-1, *array.shape[1:]]}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
