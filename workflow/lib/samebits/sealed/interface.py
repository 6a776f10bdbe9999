"""What a packaged model takes and gives, found out where it was trained, and that it gives the recorded bits.

It runs in the measured process: only there are the framework, the recipe and the test data at hand.
"""

import ast
import importlib
import json
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from samebits.sealed import checkpoint, ledger
from samebits.sealed.adapter import Adapter
from samebits.sealed.digest import state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Checkpoint, Predictions
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

#: bytes of the examples' inputs at most; a small test set is in the package as a whole
_BYTES = 1 << 18


def settle(adapter: Adapter, spec: Spec, recipe: Recipe, run: Path, package: Path) -> None:
    """Write ``signature.json``, ``about.json`` and the examples into a package that predicts the run's bits.

    Args:
        adapter: a fresh adapter.
        spec: what was trained.
        recipe: its recipe.
        run: folder of the run that was verified.
        package: the staged package; its ``about.json`` gets what only the framework knows.

    Raises:
        Refused: it does not predict what the ledger recorded, or the run is not what its ledger says.
    """
    records = ledger.read(run / ledger.FINISHED)
    last = [record for record in records if isinstance(record, Checkpoint)][-1]
    path = run / "checkpoints" / checkpoint.file_name(last.step)
    state = adapter.restore(checkpoint.load(path, last.state, spec.threads), last.step)
    arrays, call = adapter.inputs(state)
    about = json.loads((package / "about.json").read_bytes()) | {"call": call}
    _write(package / "about.json", about)
    recorded = next(record for record in records if isinstance(record, Predictions))
    checkpoint.load(run / "predictions.safetensors", state_digest(recorded.tensors))
    expected = load_file(run / "predictions.safetensors")["predictions"]
    signature = {
        "inputs": [_described(name, array) for name, array in arrays.items()],
        "outputs": [_described("predictions", expected)] if arrays else [],
        "requires": _requires(package, recipe),
    }
    _write(package / "signature.json", signature)
    if not arrays:
        return
    sys.path.insert(0, str(package.parent))
    rows = importlib.import_module(f"{package.name}._rows")
    model = importlib.import_module(f"{package.name}._model").Model(package, about)
    try:
        rows.compare(expected, model.predict(rows.inputs(package, arrays)))
    except RuntimeError as error:
        raise Refused(f"model {spec.model}: it cannot be packaged: {error}") from None
    few = {name: array[: _few(arrays)] for name, array in arrays.items()}
    example = {f"input.{name}": np.ascontiguousarray(array) for name, array in few.items()}
    save_file(example | {"predictions": model.predict(few)}, package / "example.safetensors")


def _described(name: str, array: NDArray[Any]) -> dict[str, Any]:
    return {"name": name, "dtype": array.dtype.name, "shape": [-1, *array.shape[1:]]}


def _few(arrays: dict[str, NDArray[Any]]) -> int:
    """Return how many rows serve as examples."""
    width = sum(array[:1].nbytes for array in arrays.values())
    return max(1, _BYTES // max(width, 1))


def _requires(package: Path, recipe: Recipe) -> dict[str, str]:
    """Return the distributions that the package imports, at the versions of this environment.

    A local part of a version, as in ``2.13.0+cpu``, is left out: it names a build, which no index has by
    that.
    """
    sources = [path.read_bytes() for path in sorted(package.glob("*.py"))]
    if b"compile(" in b"".join(sources):  # the recipe runs in it
        sources.append(recipe.source)
    names = {name for source in sources for name in _imported(source)}
    if any(path.suffix == ".skops" for path in (package / "model").iterdir()):
        names.add("sklearn")
    known = packages_distributions()
    found = {known[name][0] for name in names if name in known}
    # spelt as indexes do (PEP 503)
    plain = {re.sub(r"[-_.]+", "-", name).lower(): name for name in found}
    return {name: version(plain[name]).partition("+")[0] for name in sorted(plain)}


def _imported(source: bytes) -> set[str]:
    """Return the top-level modules that some code imports, by statements."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
