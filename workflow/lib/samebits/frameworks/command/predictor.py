"""What a script wrote: arrays by name; and its own function ``predict(arrays, inputs)``, if it has one."""

import ast
import contextlib
import importlib
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file


class Model:
    """Holds the outputs of a script.

    Attributes:
        arrays: what its outputs held, such as ``model.pt:layers.0.weight``.
    """

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Read the outputs; the script itself is not run."""
        self.arrays: dict[str, NDArray[Any]] = {}
        for path in sorted((folder / "model").rglob("*.safetensors")):
            self.arrays |= load_file(path)
        self._script = folder / "materials" / about["spec"]["recipe"]
        self._pinned = tuple(about["spec"][key] for key in ("tier", "threads", "device"))

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the script's ``predict`` makes of the arrays and the rows."""
        ((_, rows),) = inputs.items()
        source = self._script.read_bytes()
        namespace: dict[str, Any] = {"__name__": "recipe", "__file__": str(self._script)}
        exec(compile(source, str(self._script), "exec"), namespace)  # noqa: S102
        with contextlib.ExitStack() as pinned:
            for switches in _thrown_for(source):
                pinned.enter_context(switches.thrown(*self._pinned))
            return np.asarray(namespace["predict"](self.arrays, rows))

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Raise TypeError: a script has one function, ``predict``."""
        raise TypeError("a script says only what it predicts")


def _thrown_for(source: bytes) -> Iterator[Any]:
    """Yield the switches of all frameworks that a script has imported, or imports in its functions."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    for path in sorted(Path(__file__).parents[1].glob("*/switches.py")):
        spec = spec_from_file_location(f"{__package__}.{path.parent.name}_switches", path)
        assert spec and spec.loader  # noqa: S101  of a file of Python
        switches: Any = module_from_spec(spec)
        spec.loader.exec_module(switches)
        if switches.MODULE in {name.partition(".")[0] for name in names}:
            importlib.import_module(switches.MODULE)
        if switches.MODULE in sys.modules:
            yield switches
