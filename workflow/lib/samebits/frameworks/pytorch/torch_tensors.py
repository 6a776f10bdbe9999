"""PyTorch's tensors as samebits' own, and nests of them: batches and states."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from samebits.sealed.digest import DTYPES, SAFETENSORS_NAMES, Tensor


def view(value: torch.Tensor) -> Tensor:
    """View a tensor's bytes; copies only from a GPU or out of another memory layout."""
    flat = value.detach().cpu().contiguous().reshape(-1)
    dtype = SAFETENSORS_NAMES[str(value.dtype).removeprefix("torch.")]
    return Tensor(dtype, tuple(value.shape), flat.view(torch.uint8).numpy())


def leaf(value: Any) -> Tensor | None:
    """View a tensor's bytes, and return None for anything else, as ``tree.flatten`` asks."""
    return view(value) if isinstance(value, torch.Tensor) else None


def tensor(value: Tensor) -> torch.Tensor:
    """Copy bytes to a tensor on the CPU."""
    raw = torch.from_numpy(value.raw.copy())
    return raw.view(getattr(torch, DTYPES[value.dtype])).reshape(value.shape)


def named(nest: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a nest of dicts, lists and tuples under dotted names."""
    if isinstance(nest, torch.Tensor):
        yield path, view(nest)
    elif isinstance(nest, dict | list | tuple):
        for key, value in nest.items() if isinstance(nest, dict) else enumerate(nest):
            yield from named(value, f"{path}.{key}")


def mapped(nest: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Return a nest with every leaf of a kind changed, and the rest as it is."""
    if isinstance(nest, kind):
        return change(nest)
    if isinstance(nest, dict):
        return {key: mapped(value, kind, change) for key, value in nest.items()}
    if isinstance(nest, list | tuple):
        values = [mapped(value, kind, change) for value in nest]
        if type(nest) in (list, tuple):
            return type(nest)(values)
        return type(nest)(*values)  # a named tuple
    return nest
