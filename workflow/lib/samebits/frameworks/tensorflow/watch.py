"""What a training does behind a model's back: operators that vary, and variables that no state has."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from samebits.sealed.recipe import Recipe

#: operators that change a resource, by the first words of their types
_WRITES = ("Assign", "ResourceApply", "ResourceScatter", "ResourceStridedSliceAssign", "Stateful", "Rng")


class Watch:
    """Sees every operator as it is traced, or executed eagerly, and notes what a state does not account for.

    Attributes:
        racy: an operator that gives other bits on other runs although TensorFlow lets it pass, and its place.
    """

    def __init__(self, recipe: Recipe):
        self._recipe = recipe
        self.racy: tuple[str, str] | None = None
        self._writes: list[tuple[Any, str, str]] = []

    def __call__(
        self, operator: str, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        """Be told of an operator, as ``tensorflow.python.framework.op_callbacks`` calls it."""
        # Threads add their shares of a weighted histogram as they finish, also with op determinism: measured
        # on 2.21.0, up to 11 results in 12 calls. A matrix is summed row by row, in order.
        if operator in ("Bincount", "DenseBincount") and inputs[0].shape.rank != 2:
            if inputs[2].shape.num_elements() != 0:
                self.racy = self.racy or (operator, self._place())
        elif operator.startswith(_WRITES) and inputs and inputs[0].dtype == tf.resource:
            self._writes.append((inputs[0], operator, self._place()))

    def writes(self) -> Iterator[tuple[Any, str, str]]:
        """Yield the handle of every resource written to since the last call, the operator, its place."""
        noted, self._writes = self._writes, []
        for handle, operator, place in noted:
            yield _captured(handle), operator, place

    def _place(self) -> str:
        return self._recipe.place_running() or self._recipe.path.name


def _captured(tensor: Any) -> Any:
    """Return what a graph's placeholder stands for, through all graphs around it."""
    while not hasattr(tensor, "numpy"):
        outer = [external for external, internal in tensor.graph.captures if internal is tensor]
        if not outer:
            break
        tensor = outer[0]
    return tensor
