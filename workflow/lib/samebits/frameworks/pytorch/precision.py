"""The numbers that a model computes with, through Lightning Fabric's precision plugins.

The ``Fabric`` object itself is not used: on a CPU it replaces ``16-mixed`` by another precision and goes on.
The plugins are imported only where PyTorch alone will not do: that takes as long as importing PyTorch itself.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


class Plain:
    """What Fabric's plugin for ``32-true`` does, which is nothing."""

    def convert_module(self, module: Any) -> Any:
        """Return the module."""
        return module

    def convert_input(self, data: Any) -> Any:
        """Return the batch."""
        return data

    def convert_output(self, data: Any) -> Any:
        """Return the output."""
        return data

    def forward_context(self) -> AbstractContextManager[Any]:
        """Return a context that does nothing."""
        return nullcontext()

    def backward(self, tensor: torch.Tensor, model: Any) -> None:
        """Compute the gradients."""
        tensor.backward()

    def unscale_gradients(self, optimizer: Any) -> None:
        """Leave the gradients as they are."""

    def optimizer_step(self, optimizer: Any) -> None:
        """Take the optimizer's step."""
        optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: there is no state."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take nothing."""


def plugin(precision: str, device: str) -> Any:
    """Return Fabric's plugin for a precision; ``16-mixed`` brings a scaler with a state."""
    if precision == "32-true":
        return Plain()
    from lightning.fabric.plugins import precision as plugins  # two seconds, for those who need it

    match precision:
        case "16-mixed" | "bf16-mixed":
            return plugins.MixedPrecision(precision, device)
        case "64-true":
            return plugins.DoublePrecision()
        case _:
            return plugins.HalfPrecision(precision)
