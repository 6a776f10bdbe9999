"""An estimator as a skops file, and that as tensors: no pickle, and the same bytes for the same estimator."""

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from samebits.sealed import nested
from samebits.sealed.digest import SAFETENSORS_NAMES, Tensor, array, tensor


def take_apart(raw: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a skops file as its schema and the arrays that the schema names.

    skops names objects and files by where they lie in memory or at random. Here objects are numbered, and an
    array is named by its place in the estimator, such as ``model.steps.1.1.coef_``.
    """
    arrays: dict[str, NDArray[Any]] = {}
    numbers: dict[Any, int] = {}
    names: dict[str, str] = {}
    with ZipFile(io.BytesIO(raw)) as members:

        def rename(node: Any, place: str) -> Any:
            if isinstance(node, list):
                return [rename(item, f"{place}.{index}") for index, item in enumerate(node)]
            if not isinstance(node, dict):
                return node
            if node.get("__module__") == "recipe":
                raise TypeError(f"{node['__class__']} at {place} is the recipe's own; take it from a package")
            renamed: dict[str, Any] = {}
            for key, value in node.items():
                if key == "__id__":
                    # whether two equal constants are one object is Python's whim
                    constant = node["__loader__"] == "JsonNode"
                    renamed[key] = numbers.setdefault(len(numbers) if constant else value, len(numbers))
                elif key == "file" and isinstance(value, str):
                    if value not in names:
                        names[value] = f"{place}{Path(value).suffix}"
                        arrays[names[value]] = _array(members, value)
                    renamed[key] = names[value]
                else:
                    renamed[key] = rename(value, place if key == "content" else f"{place}.{key}")
            return renamed

        return rename(json.loads(members.read("schema.json")), "model"), arrays


def _array(members: ZipFile, name: str) -> NDArray[Any]:
    raw = members.read(name)
    if not name.endswith(".npy"):
        return np.frombuffer(raw, np.uint8)
    read: NDArray[Any] = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    if not read.dtype.names:
        return read
    # the nodes of a tree have gaps between their fields, in which anything may stand
    clean = np.zeros(read.shape, read.dtype)
    for field in read.dtype.names:
        clean[field] = read[field]
    return clean


def write(schema: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Write a skops file again, with the same bytes for the same content."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as members:
        for name, values in arrays.items():
            file = io.BytesIO()
            if name.endswith(".npy"):
                np.lib.format.write_array(file, values, allow_pickle=False)
            else:
                file.write(values.tobytes())
            members.writestr(ZipInfo(name), file.getvalue())  # ZipInfo's date is 1980
        members.writestr(ZipInfo("schema.json"), json.dumps(schema, indent=2))
    return buffer.getvalue()


def flatten(schema: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Turn arrays into tensors, those of several fields into one a field; the rest says how to undo it."""
    tensors: dict[str, Tensor] = {}
    types: dict[str, Any] = {}
    for name, values in arrays.items():
        types[name] = json.loads(json.dumps(np.lib.format.dtype_to_descr(values.dtype)))
        for part, field in _parts(name, values.dtype).items():
            one = np.array(values[field] if field else values, order="C")  # keeps a scalar one
            # text has no numbers: bytes along one more axis
            tensors[part] = tensor(
                one if one.dtype.name in SAFETENSORS_NAMES else one[..., None].view(np.uint8)
            )
    return tensors | nested.flatten({"estimator": schema, "types": types}, "model", lambda node: None)


def unflatten(tensors: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Turn the tensors of ``flatten`` into schema and arrays again."""
    plain = nested.unflatten(tensors, "model", array)
    arrays = {}
    for name, described in plain["types"].items():
        fields: Any = described if isinstance(described, str) else [tuple(field) for field in described]
        dtype = np.lib.format.descr_to_dtype(fields)
        parts = {field: array(tensors[part]) for part, field in _parts(name, dtype).items()}
        if dtype.names:
            arrays[name] = np.zeros(parts[dtype.names[0]].shape, dtype)
            for field, values in parts.items():
                arrays[name][field] = values
        else:
            plainly = dtype.name in SAFETENSORS_NAMES
            arrays[name] = parts[""] if plainly else parts[""].copy().view(dtype)[..., 0]
    return plain["estimator"], arrays


def _parts(name: str, dtype: np.dtype[Any]) -> dict[str, str]:
    """Return the names of an array's tensors, and the field that each holds; "" for all of the array."""
    place = name.rpartition(".")[0]
    return {f"{place}.{field}": field for field in dtype.names} if dtype.names else {place: ""}
