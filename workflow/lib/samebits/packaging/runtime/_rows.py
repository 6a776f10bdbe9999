"""Rows of numbers for a packaged model: from files and arrays, in the shapes and types of its training."""

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file, save_file

Arrays = dict[str, NDArray[Any]]

#: the examples' outputs, among their inputs
PREDICTIONS = "predictions"
EXAMPLE = "example.safetensors"


def about(folder: Path) -> dict[str, Any]:
    """Return what the package says of its model."""
    described: dict[str, Any] = json.loads((folder / "about.json").read_bytes())
    return described


def signature(folder: Path) -> dict[str, Any]:
    """Return the names, types and shapes of inputs and outputs; -1 stands for the number of samples."""
    described: dict[str, Any] = json.loads((folder / "signature.json").read_bytes())
    return described


def inputs(folder: Path, values: ArrayLike | Mapping[str, ArrayLike]) -> Arrays:
    """Bring inputs into the model's shapes and types.

    Raises:
        ValueError: they do not fit; says what is expected.
    """
    wanted = signature(folder)["inputs"]
    if not wanted:
        raise ValueError("this package holds a script's outputs and knows no inputs; see model().arrays")
    names = [each["name"] for each in wanted]
    if not isinstance(values, Mapping):
        if len(names) > 1:
            raise ValueError(f"the model takes several inputs; give a dict with {', '.join(names)}")
        values = {names[0]: values}
    if sorted(values) != sorted(names):
        raise ValueError(f"the model takes {', '.join(names)}, and not {', '.join(map(str, values))}")
    arrays = {each["name"]: _fit(np.asarray(values[each["name"]]), each) for each in wanted}
    if len({len(array) for array in arrays.values()}) != 1:
        raise ValueError("the inputs differ in their number of samples")
    return arrays


def _fit(array: NDArray[Any], wanted: Mapping[str, Any]) -> NDArray[Any]:
    shape, dtype = wanted["shape"], np.dtype(wanted["dtype"])
    size = int(np.prod(shape[1:]))
    flat = array.ndim == 2 and array.shape[1] == size
    if not (flat or (array.ndim == len(shape) and list(array.shape[1:]) == shape[1:])):
        raise ValueError(
            f"{wanted['name']} has the shape {list(array.shape)}; the model takes {shape}, or [-1, {size}]"
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{wanted['name']} is of type {array.dtype}; the model takes {dtype}")
    whole = array.dtype.kind != "f" or dtype.kind == "f" or np.array_equal(array, array.astype(dtype))
    if not whole:
        raise ValueError(f"{wanted['name']} has fractions, and the model takes {dtype}")
    return np.ascontiguousarray(array.reshape(-1, *shape[1:]), dtype)


def read(path: Path) -> Arrays | NDArray[Any]:
    """Read inputs: .csv (commas; a first line without a number is a header), .npy, .npz or .safetensors.

    Raises:
        ValueError: it has another suffix, or is not what its suffix says.
    """
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
        if lines and not any(_number(cell) for cell in lines[0]):
            del lines[0]
        return np.array([[float(cell) if cell else np.nan for cell in line] for line in lines], np.float64)
    if path.suffix == ".safetensors":
        return dict(load_file(path))
    if path.suffix in (".npy", ".npz"):
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if path.suffix == ".npz" else loaded
    raise ValueError(f"{path.name} is no .csv, .npy, .npz or .safetensors file")


def write(path: Path, outputs: NDArray[Any]) -> None:
    """Write outputs: .csv with all digits, one row a sample; .npy; or .safetensors.

    Raises:
        ValueError: it has another suffix.
    """
    if path.suffix == ".csv":
        table = outputs.reshape(len(outputs), -1)
        names = (
            [PREDICTIONS] if table.shape[1] == 1 else [f"{PREDICTIONS}_{i}" for i in range(table.shape[1])]
        )
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            # repr gives as many digits as it takes to read the same number again
            writer.writerows([[_text(value) for value in row] for row in table])
    elif path.suffix == ".npy":
        np.save(path, outputs, allow_pickle=False)
    elif path.suffix == ".safetensors":
        save_file({PREDICTIONS: np.ascontiguousarray(outputs)}, path)
    else:
        raise ValueError(f"{path.name} is no .csv, .npy or .safetensors file")


def check(folder: Path, predict: Callable[[Arrays], NDArray[Any]]) -> None:
    """Predict the examples and compare bits.

    Raises:
        RuntimeError: they differ.
    """
    if not (folder / EXAMPLE).is_file():
        raise RuntimeError("this package holds no examples to check")
    example = dict(load_file(folder / EXAMPLE))
    compare(
        example.pop(PREDICTIONS), predict({name.removeprefix("input."): a for name, a in example.items()})
    )


def compare(expected: NDArray[Any], computed: NDArray[Any]) -> None:
    """Compare two arrays bit by bit.

    Raises:
        RuntimeError: they differ; names the first element.
    """
    if (expected.dtype, expected.shape) != (computed.dtype, computed.shape):
        raise RuntimeError(
            f"the outputs are {computed.dtype}{list(computed.shape)}, recorded are {expected.dtype}"
            f"{list(expected.shape)}"
        )
    one, other = (np.ascontiguousarray(a).reshape(-1).view(f"u{a.itemsize}") for a in (expected, computed))
    differ = np.flatnonzero(one != other)
    if len(differ):
        at = tuple(int(i) for i in np.unravel_index(differ[0], expected.shape))
        raise RuntimeError(
            f"{len(differ)} of {one.size} outputs differ from those recorded; the first is "
            f"{list(at)}: {expected[at]!r} was recorded, and {computed[at]!r} is computed here"
        )


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return repr(value.item()) if value.dtype != np.float32 else str(value)
