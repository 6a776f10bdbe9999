"""Environment variables that a file sets."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samebits.lint.catalog.entries import Variable
from samebits.lint.file import File


@dataclass(frozen=True)
class SetVariable:
    """An environment variable that gets a value.

    Attributes:
        node: where.
        name: of the variable.
        value: the expression of its value.
    """

    node: Any
    name: str
    value: Any

    def known(self, file: File) -> Variable | None:
        """Return what the catalogs know of it."""
        return file.catalog.variables.get(self.name)

    def is_off(self, file: File) -> bool:
        """Tell whether the value switches off what the variable is for."""
        known, values = self.known(file), file.semantics.values(self.value)
        return known is not None and any(str(value) in known.off for value in values or ())


def set_variables(file: File) -> Iterator[SetVariable]:
    """Yield the environment variables that a file sets, by assignment and by call."""
    semantics = file.semantics
    for assign in semantics.nodes.assigns:
        for target in assign.targets if isinstance(assign, ast.Assign) else [assign.target]:
            if isinstance(target, ast.Subscript) and file.path(target.value) == "os.environ":
                for name in semantics.values(target.slice) or ():
                    yield SetVariable(assign, str(name), assign.value)
    for call in semantics.nodes.calls_named("setdefault", "putenv", "update"):
        path = file.path(call.func)
        if path in ("os.environ.setdefault", "os.putenv") and len(call.args) >= 2:
            for name in semantics.values(call.args[0]) or ():
                yield SetVariable(call, str(name), call.args[1])
        elif path == "os.environ.update":
            yield from _updated(file, call)


def _updated(file: File, call: ast.Call) -> Iterator[SetVariable]:
    """Yield what ``os.environ.update`` sets."""
    for keyword in call.keywords:
        if keyword.arg:
            yield SetVariable(call, keyword.arg, keyword.value)
    table = file.semantics.literal(call.args[0]) if call.args else None
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant):
                yield SetVariable(key, str(key.value), value)
