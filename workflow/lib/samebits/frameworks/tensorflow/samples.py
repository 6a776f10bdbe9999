"""The samples of a recipe's data sets: arrays, or nests of arrays, and the order in which they come."""

from functools import lru_cache
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from samebits.sealed.errors import Refused
from samebits.sealed.seeds import permutation
from samebits.sealed.spec import Spec

#: how a recipe gives them
FORM = 'datasets(data) -> {"train": (x, y), "test": (x, y)}'


def dataset(spec: Spec, name: str, datasets: Any) -> Any:
    """Return one of the recipe's data sets, every leaf an array of numbers with one row a sample."""
    part = datasets.get(name) if isinstance(datasets, dict) else None
    if not (isinstance(part, tuple) and 1 <= len(part) <= 3):
        raise Refused(f"model {spec.model}: the recipe's {name} data is no tuple; write {FORM}")
    part = keras.tree.map_structure(lambda a: None if a is None else np.asarray(a), part)
    leaves = arrays(part)
    if any(leaf.dtype.kind not in "biufV" for leaf in leaves.values()):
        raise Refused(f"model {spec.model}: the recipe's {name} data is not all numbers; encode text first")
    if len(lengths := {leaf.shape[:1] for leaf in leaves.values()}) != 1 or lengths == {()}:
        raise Refused(f"model {spec.model}: the recipe's {name} arrays differ in their number of samples")
    return part


def arrays(part: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a data set or batch, by their path in it."""
    leaves = keras.tree.flatten_with_path(part)
    return {".".join(map(str, path)): leaf for path, leaf in leaves if leaf is not None}


def length(part: Any) -> int:
    """Return the number of samples."""
    return len(next(iter(arrays(part).values())))


def take(part: Any, rows: NDArray[np.int64] | slice) -> Any:
    """Return some of the samples."""
    return keras.tree.map_structure(lambda a: None if a is None else a[rows], part)


order = lru_cache(maxsize=1)(permutation)  # the steps of an epoch share it
