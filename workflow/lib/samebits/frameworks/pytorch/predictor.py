"""A PyTorch model: the recipe's module with the trained weights."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from . import switches

#: precision -> the type in which autocast computes
_AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
_WHOLE = {"bf16-true": torch.bfloat16, "64-true": torch.float64}


class Model:
    """Predicts batch by batch, as many samples at a time as when the test data was predicted."""

    def __init__(self, folder: Path, about: dict[str, Any]):
        """Make the module and load its weights; draws nothing from the process' own generators."""
        spec, call = about["spec"], about["call"]
        self._batch, self._call = call["batch_size"], call
        self._precision = spec["options"]["precision"]
        self._device = torch.device(spec["device"] if torch.cuda.is_available() else "cpu")
        self._pinned = spec["tier"], spec["threads"], self._device.type
        file, _, name = spec["recipe"].partition(":")
        path = folder / "materials" / file
        self._recipe: dict[str, Any] = {"__name__": "recipe", "__file__": str(path)}
        with switches.thrown(*self._pinned), torch.random.fork_rng(devices=[]):
            exec(compile(path.read_bytes(), str(path), "exec"), self._recipe)  # noqa: S102  it is the model
            target = self._recipe[name]
            self._probabilities = getattr(target, "probabilities", self._recipe.get("probabilities"))
            module = target(**spec["params"])
            if self._precision in _WHOLE:
                module = module.to(_WHOLE[self._precision])
            module.load_state_dict(load_file(folder / "model" / "model.safetensors"))
            self.module = module.eval().to(self._device)

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the module's outputs."""
        ((_, rows),) = inputs.items()
        outputs = []
        with self._as_trained(), torch.no_grad():
            for first in range(0, len(rows), self._batch):
                batch = torch.from_numpy(rows[first : first + self._batch]).to(self._device)
                outputs.append(self._output(batch, first // self._batch).cpu())
        return np.asarray(torch.cat(outputs).numpy())

    def probabilities(self, inputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return what the recipe's ``probabilities`` makes of the outputs."""
        if self._probabilities is None:
            raise TypeError("the recipe has no probabilities(outputs), which would say what outputs mean")
        with self._as_trained(), torch.no_grad():
            return np.asarray(self._probabilities(torch.from_numpy(self.predict(inputs))))

    @contextlib.contextmanager
    def _as_trained(self) -> Iterator[None]:
        with switches.thrown(*self._pinned):
            switches.fit(self._pinned[0], self.module)
            yield

    def _output(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        automatic: Any = contextlib.nullcontext()
        if self._precision in _AUTOCAST:
            automatic = torch.autocast(self._device.type, dtype=_AUTOCAST[self._precision])
        elif self._precision in _WHOLE and batch.is_floating_point():
            batch = batch.to(_WHOLE[self._precision])
        with automatic:
            if self._call["step"]:
                others = [None] * (self._call["parts"] - 1)
                output = self.module.predict_step([batch, *others] if self._call["parts"] else batch, index)
            else:
                output = self.module(batch)
        # numbers of half a size come back as ordinary ones, as Lightning gives them
        result: torch.Tensor = output.float() if self._precision != "64-true" else output
        return output if not output.is_floating_point() else result
