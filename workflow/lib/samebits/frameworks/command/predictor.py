"""What a script wrote: arrays by name; and its own function ``predict(arrays, inputs)``, if it has one."""

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

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the script's ``predict`` makes of the arrays and the rows."""
        ((_, rows),) = inputs.items()
        namespace: dict[str, Any] = {"__name__": "recipe", "__file__": str(self._script)}
        exec(compile(self._script.read_bytes(), str(self._script), "exec"), namespace)  # noqa: S102
        return np.asarray(namespace["predict"](self.arrays, rows))

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Raise TypeError: a script has one function, ``predict``."""
        raise TypeError("a script says only what it predicts")
