"""What ``dask.config.set`` is handed."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File

CALLS: Final = ("dask.config.set", "dask.config.set.set")
STEALING: Final = "distributed.scheduler.work-stealing"


def settings(file: File, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the options that a ``dask.config.set`` sets, with dots and hyphens, and their values."""
    table = file.semantics.literal(call.args[0]) if call.args else None
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value).replace("_", "-"), value
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg.replace("__", ".").replace("_", "-"), keyword.value


def steals(file: File, option: str, value: ast.expr) -> bool | None:
    """Tell whether an option switches work stealing on (True) or off (False); None if neither."""
    values = file.semantics.values(value)
    if "work-stealing" not in option or "interval" in option or values is None:
        return None
    return not (False in values or "False" in values)
