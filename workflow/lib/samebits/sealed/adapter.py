"""The protocol of an adapter: all that the engine knows of a framework.

Each lies in ``frameworks/<name>/adapter.py``; docs/adding_a_framework.md shows how one is written.
"""

import importlib
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, rows, state_digest
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec


class Advance(NamedTuple):
    """What a step leaves for the ledger: its loss, if any, and the digest of what it was computed from."""

    loss: float | None
    inputs: str


class Inputs(NamedTuple):
    """What predictions were computed from, and how.

    Attributes:
        arrays: name -> array, the first axis of each is the sample; none where it is not known.
        call: what else a packaged model must know to predict in the same way, as JSON.
    """

    arrays: dict[str, NDArray[Any]]
    call: dict[str, Any]


class Adapter(Protocol):
    """A framework, as the engine sees it. ``state`` is the adapter's own business.

    ``advance`` must be a function of the state, the step and the seed alone: whatever else the next step
    depends on belongs into ``tensors``. A state from ``restore`` must go on exactly like any other state with
    the same tensors, since every segment begins with one.

    An adapter that trains with other processes raises ``Lost`` (``samebits.sealed.errors``) when one is gone.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        """Throw the framework's switches for the spec's tier, threads and device, and prepare the data.

        Raises:
            Refused: the recipe, the options or the machine cannot give what the spec asks for.
        """

    def start(self) -> Any:
        """Return the state before the first step."""

    def restore(self, tensors: dict[str, Tensor], step: int) -> Any:
        """Return the state after ``step`` from its tensors."""

    def advance(self, state: Any, step: int) -> Advance:
        """Take ``step`` (1 is the first), changing ``state`` in place."""

    def finished(self, state: Any) -> bool:
        """Tell whether training ends here, before the spec's last step, as early stopping does."""
        return False

    def tensors(self, state: Any) -> dict[str, Tensor]:
        """Return everything that the next step depends on, as views where that is possible."""

    def export(self, state: Any, folder: Path) -> None:
        """Write the model's files into an empty folder; no pickle, and the same bytes for the same state."""

    def predict(self, state: Any) -> NDArray[Any]:
        """Return the model's output for the test data; the first axis is the sample."""

    def inputs(self, state: Any) -> Inputs:
        """Return what ``predict`` gives to the model, as a package is given it.

        Raises:
            Refused: it is not made of arrays of numbers.
        """

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        """Return what the recipe measures on the predictions, the most telling first."""

    def fingerprint(self) -> dict[str, Any]:
        """Return what of the framework's build and device a result depends on, as JSON."""

    def close(self) -> None:
        """End the processes that help to train; called once, also after an error."""


def load(framework: str) -> type[Adapter]:
    """Import the adapter of a framework, and with it the framework."""
    module = importlib.import_module(f"samebits.frameworks.{framework}.adapter")
    return module.Adapter  # type: ignore[no-any-return]


def numbers(spec: Spec, rows: Any) -> NDArray[Any]:
    """Return rows as an array of numbers.

    Raises:
        Refused: they are a table, text or a sparse matrix, which a package's ``predict`` does not take.
    """
    array: NDArray[Any] = np.asarray(rows)
    if not isinstance(rows, np.ndarray | list) or array.dtype.kind not in "biuf":
        raise Refused(
            f"model {spec.model}: its test data is a {type(rows).__name__} of {array.dtype}, and a "
            "package takes arrays of numbers; let the recipe's datasets give numpy arrays"
        )
    return array


def inputs_digest(tensors: dict[str, Tensor]) -> str:
    """Name what a step was computed from, by the same rule as a state."""
    return state_digest(rows(tensors))
