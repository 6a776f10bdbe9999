"""What a user does with a package, tried where nothing helps it: in a process that only imports it.

The interpreter of the model's environment runs this file by its path, with no variable that pins anything, so
it imports nothing of samebits. In the folder are the package, the arrays that the test data was predicted
from, and the recorded predictions. The package has to give these bit for bit: by ``import``, and then, for
the examples that are put into it, by its own command line. It ends with status 2 and one line if it does not.
"""

import ast
import importlib
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

#: bytes of the examples' inputs at most; a small test set is in the package as a whole
_BYTES = 1 << 18


def main(folder: Path, module: str, sources: list[Path]) -> str | None:
    """Try a package, and write what it requires and its examples into it; say why it cannot be one.

    Args:
        folder: holds the package, ``inputs.safetensors`` and ``predictions.safetensors``.
        module: the package's name.
        sources: the files whose imports it requires.
    """
    package = folder / module
    path = package / "signature.json"
    signature = json.loads(path.read_bytes()) | {"requires": _requires(sources)}
    path.write_text(json.dumps(signature, indent=2, sort_keys=True) + "\n")
    arrays = load_file(folder / "inputs.safetensors")
    few = {name: np.ascontiguousarray(array[: _few(arrays)]) for name, array in arrays.items()}
    try:
        model = importlib.import_module(module)
        model.model()
        if not arrays:
            return None
        expected = load_file(folder / "predictions.safetensors")["predictions"]
        importlib.import_module(f"{module}._rows").compare(expected, model.predict(arrays))
        outputs = np.ascontiguousarray(model.predict(few))
    except Exception as error:  # whatever a recipe raises
        kind = "" if type(error) is RuntimeError else f"{type(error).__name__}: "
        return f"{kind}{error}"
    example = {f"input.{name}": array for name, array in few.items()}
    save_file(example | {"predictions": outputs}, package / "example.safetensors")
    checked = subprocess.run(
        [sys.executable, "-sP", "-m", module, "check"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if checked.returncode != 0:
        return "its own check fails: " + " ".join(checked.stdout.strip().splitlines()[-1:])
    return None


def _few(arrays: dict[str, NDArray[Any]]) -> int:
    """Return how many rows serve as examples."""
    width = sum(array[:1].nbytes for array in arrays.values())
    return max(1, _BYTES // max(width, 1))


def _requires(sources: list[Path]) -> dict[str, str]:
    """Return the distributions that some files import, at the versions of this environment.

    A local part of a version, as in ``2.13.0+cpu``, is left out: it names a build, and indexes know only the
    version.
    """
    names = {name for source in sources for name in _imported(source.read_bytes())}
    distributions = packages_distributions()
    imported = {distributions[name][0] for name in names if name in distributions}
    # spelt as indexes do (PEP 503)
    plain = {re.sub(r"[-_.]+", "-", name).lower(): name for name in imported}
    return {name: version(plain[name]).partition("+")[0] for name in sorted(plain)}


def _imported(source: bytes) -> set[str]:
    """Return the top-level modules that some code imports, by statements."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.add(node.module.partition(".")[0])
    return modules


if __name__ == "__main__":
    folder, module, *sources = sys.argv[1:]
    if problem := main(Path(folder), module, [Path(source) for source in sources]):
        model = json.loads((Path(folder) / module / "about.json").read_bytes())["model"]
        print(f"samebits: model {model}: it cannot be packaged: {problem}", file=sys.stderr)
        sys.exit(2)
