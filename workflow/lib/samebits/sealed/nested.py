"""Nested state as named tensors: optimizers and schedulers keep dicts of tensors among plain values.

``flatten`` takes the tensors out under dotted names and writes what is left, exactly, as one more tensor of
JSON bytes, so a whole state is a flat mapping of tensors that can be digested, saved and compared.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from samebits.sealed.digest import Tensor, canonical_json, tensor

#: ends the name of the tensor that holds a tree's plain values as canonical JSON
VALUES = "~values"

Leaves = dict[str, Tensor]


def flatten(tree: Any, name: str, leaf: Callable[[Any], Tensor | None]) -> Leaves:
    """Turn ``tree`` into tensors named ``name.…`` and ``name~values``.

    Args:
        tree: dicts, lists and tuples of leaves, numbers, strings, booleans and None.
        name: what the tensors' names begin with.
        leaf: gives the Tensor of a framework's array, and None for anything else.

    Raises:
        TypeError: the tree holds another kind of value or key, or two tensors get one name; names the place.
    """
    leaves: Leaves = {}

    def encode(node: Any, path: str) -> Any:
        if (as_tensor := leaf(node)) is not None:
            if path in leaves:
                raise TypeError(f"two tensors of the state are named {path}")
            leaves[path] = as_tensor
            return {"tensor": path}
        if node is None or isinstance(node, bool | int | str):
            return node
        if isinstance(node, float):
            return {"float": node.hex()}
        if isinstance(node, dict):
            for key in node:
                if not (key is None or isinstance(key, int | str)):
                    raise TypeError(f"{path} has the key {key!r}, which a checkpoint cannot hold")
            return {"dict": [[key, encode(value, f"{path}.{key}")] for key, value in node.items()]}
        if isinstance(node, list | tuple):
            items = [encode(value, f"{path}.{index}") for index, value in enumerate(node)]
            return {type(node).__name__: items} if type(node) in (list, tuple) else {"tuple": items}
        raise TypeError(f"{path} is a {type(node).__name__}, which a checkpoint cannot hold")

    values = canonical_json(encode(tree, name))
    leaves[name + VALUES] = tensor(np.frombuffer(values, np.uint8))
    return leaves


def unflatten(leaves: Leaves, name: str, leaf: Callable[[Tensor], Any]) -> Any:
    """Build the tree that ``flatten`` took apart under ``name``; ``leaf`` makes the framework's arrays."""

    def decode(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        match kind:
            case "tensor":
                return leaf(leaves[content])
            case "float":
                return float.fromhex(content)
            case "dict":
                return {key: decode(value) for key, value in content}
            case "tuple":
                return tuple(decode(value) for value in content)
            case _:
                return [decode(value) for value in content]

    return decode(json.loads(leaves[name + VALUES].raw.tobytes()))
