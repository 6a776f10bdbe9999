"""Expressions of one file, resolved on demand and remembered."""

import ast
from collections.abc import Callable
from typing import Any, Final

from samebits.lint.semantics import constants, qualified
from samebits.lint.semantics.qualified import UNKNOWN
from samebits.lint.semantics.scopes import Binding, Function, binding
from samebits.lint.semantics.walk import walk

_DEPTH: Final = 120  # steps of one resolution; real aliases need five, long chains of methods a hundred

__all__ = ["UNKNOWN", "Semantics"]


class Semantics:
    """The meaning of one file's expressions.

    Args:
        tree: the parsed file.
        package: the dotted name of the package the file is in, for relative imports.
        imported: gives the path of a name of a module of the same project, or None.
        is_local: tells whether a module is of the same project.

    Attributes:
        nodes: what the file holds.
        parameters: (function, name) -> the constants that a parameter may be, as far as asked for.
    """

    def __init__(
        self,
        tree: ast.Module,
        package: str = "",
        imported: Callable[[str, str], str | None] = lambda module, name: None,
        is_local: Callable[[str], bool] = lambda module: False,
    ):
        self.imported = imported
        self.nodes = walk(tree, package, is_local)
        self.parameters: dict[tuple[int, str], frozenset[Any] | None] = {}
        self._paths: dict[int, str] = {}
        self._active: set[int] = set()

    def path(self, node: Any) -> str:
        """Return the dotted path of an expression, as ``qualified`` writes it."""
        key = id(node)
        path = self._paths.get(key)
        if path is None:
            if key in self._active or len(self._active) > _DEPTH:
                return UNKNOWN
            self._active.add(key)
            try:
                path = qualified.resolve(self, node)
            finally:
                self._active.discard(key)
            self._paths[key] = path  # also where a cycle was cut: looking again would take exponential time
        return path

    def values(self, node: Any) -> frozenset[Any] | None:
        """Return the constants that an expression may be, or None where that is not known."""
        return constants.values(self, node)

    def value(self, node: Any) -> Any:
        """Return the one constant that an expression is; None if there are several or none is known."""
        values = constants.values(self, node)
        return next(iter(values)) if values and len(values) == 1 else None

    def literal(self, node: Any) -> Any:
        """Return the display (dict, list, tuple, set or ``dict()``) that an expression is, or is bound to."""
        return constants.literal(self, node)

    def binding(self, name: Any) -> Binding | None:
        """Return what a name is bound to where it stands."""
        return binding(name.id, name.scope, name.lineno)

    def is_none(self, node: Any) -> bool:
        """Tell whether an expression is None for certain; a parameter may be anything."""
        return constants.is_certainly_none(self, node)

    def returned(self, function: Function) -> list[ast.expr]:
        """Return what the return statements of a function give."""
        returned: list[ast.expr] = function.inner.returned  # type: ignore[union-attr]
        return returned
