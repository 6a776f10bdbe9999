"""Operators that PyTorch knows to be non-deterministic: which one, and where the recipe calls it."""

import re
import warnings
from collections.abc import Callable
from typing import Any

import torch

from samebits.sealed.errors import Refused
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

_RAISED = re.compile(r"(\S+) does not have a deterministic implementation")


def refused(error: BaseException, spec: Spec, recipe: Recipe, again: Callable[[], Any]) -> Refused | None:
    """Turn PyTorch's error into ours, with the operator and the recipe's line; None if it is another error.

    Args:
        error: what a step raised.
        spec: what is trained.
        recipe: the recipe.
        again: repeats the step. Raised in a backward pass, the error has passed no line of the recipe; the
            step is then repeated with every operator keeping where it was called.
    """
    if (match := _RAISED.search(str(error))) is None:
        return None
    place = recipe.place(error) or _forward(recipe, again) or "a line that could not be found"
    return Refused(
        f"model {spec.model}: {place}: the operator {match[1]} has no deterministic implementation on "
        f"{spec.device} in PyTorch {torch.__version__}; use another one, or tier: seeded"
    )


def _forward(recipe: Recipe, again: Callable[[], Any]) -> str | None:
    """Return the recipe's line that called the operator whose backward pass raises."""
    with warnings.catch_warnings(record=True) as caught, torch.autograd.detect_anomaly(check_nan=False):
        warnings.simplefilter("always")
        try:
            again()
        except RuntimeError as error:
            if place := recipe.place(error):
                return place
    return recipe.place_named_in("\n".join(str(warning.message) for warning in caught))
