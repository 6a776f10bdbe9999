"""Calls that sort, and what they sort by."""

import ast
from typing import Any, Final

from samebits.lint.semantics.syntax import keyword_value

SORTERS: Final = ("sorted", "min", "max", "sort", "sort_values")


def sort_key(call: ast.Call, path: str) -> Any:
    """Return the ``key`` of a call that sorts; None if it has none or does not sort."""
    if path in ("sorted", "min", "max") or path.endswith((".sort", ".sort_values")):
        return keyword_value(call, "key")
    return None
