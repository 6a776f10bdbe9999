"""Constants and displays that an expression may be.

Names are followed to their assignments, parameters to their defaults and to what calls in the same file hand
over.
"""

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from samebits.lint.semantics.scopes import Binding, Function, How, attribute, is_none
from samebits.lint.semantics.syntax import argument, default_of, parent

if TYPE_CHECKING:
    from samebits.lint.semantics.resolution import Semantics

Values = frozenset[Any] | None

_DEPTH: Final = 6
_STEPS: Final = 8  # names from one to the next
_CALLS: Final = 20  # of a function whose parameter is asked for


def values(semantics: "Semantics", node: Any, depth: int = 0) -> Values:
    """Return the constants that an expression may be, or None where that is not known."""
    if depth > _DEPTH:
        return None
    match node:
        case ast.Constant():
            return frozenset([node.value])
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return frozenset([-number])
        case ast.UnaryOp(op=ast.Not()):
            inner = values(semantics, node.operand, depth + 1)
            return None if inner is None else frozenset(not value for value in inner)
        case ast.IfExp():
            return _any_of(semantics, (node.body, node.orelse), depth)
        case ast.BoolOp(op=ast.Or()):
            return _any_of(semantics, node.values, depth)
        case ast.Name():
            return _bound(semantics, semantics.binding(node), depth)
        case ast.Attribute(value=ast.Name() as base):
            owner = base.scope.class_of_self(base.id)  # type: ignore[attr-defined]
            return None if owner is None else _bound(semantics, attribute(owner, node.attr), depth)
        case ast.Subscript():
            return _item(semantics, node, depth)
        case ast.Tuple() | ast.List():
            parts = [values(semantics, each, depth + 1) for each in node.elts]
            if all(part is not None and len(part) == 1 for part in parts):
                return frozenset([tuple(next(iter(part)) for part in parts if part is not None)])
    return None


def literal(semantics: "Semantics", node: Any) -> Any:
    """Return the display that an expression is, or is bound to; ``dict(…)`` counts as one."""
    for _ in range(_STEPS):
        match node:
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Set():
                return node
            case ast.Call() if semantics.path(node.func) == "dict":
                return node
            case ast.Name():
                bound = semantics.binding(node)
            case ast.Attribute(value=ast.Name() as base):
                owner = base.scope.class_of_self(base.id)  # type: ignore[attr-defined]
                bound = attribute(owner, node.attr) if owner else None
            case _:
                return None
        if bound is None or bound.how is not How.VALUE:
            return None
        node = bound.node
    return None


def is_certainly_none(semantics: "Semantics", node: Any) -> bool:
    """Tell whether an expression is None for certain; a parameter may be anything."""
    for _ in range(4):
        if not isinstance(node, ast.Name):
            break
        bound = semantics.binding(node)
        if bound is None or bound.how is not How.VALUE:
            return False
        node = bound.node
    return is_none(node)


def _any_of(semantics: "Semantics", nodes: Iterable[Any], depth: int) -> Values:
    return _union([values(semantics, each, depth + 1) for each in nodes])


def _item(semantics: "Semantics", node: ast.Subscript, depth: int) -> Values:
    table = semantics.literal(node.value)
    key = values(semantics, node.slice, depth + 1)
    if isinstance(table, ast.Dict) and key and len(key) == 1:
        for name, value in zip(table.keys, table.values, strict=True):
            if isinstance(name, ast.Constant) and name.value in key:
                return values(semantics, value, depth + 1)
    return None


def _bound(semantics: "Semantics", bound: Binding | None, depth: int) -> Values:
    if bound is None:
        return None
    if bound.how is How.VALUE:
        return values(semantics, bound.node, depth + 1)
    if bound.how is How.ITEM and isinstance(bound.node, ast.List | ast.Tuple):
        return _any_of(semantics, bound.node.elts, depth)
    if bound.how is How.PARAMETER and isinstance(bound.where, Function):
        return _parameter(semantics, bound.node.arg, bound.where, depth)
    return None


def _parameter(semantics: "Semantics", name: str, function: Function, depth: int) -> Values:
    known, key = semantics.parameters, (id(function), name)
    if key not in known:
        known[key] = None  # what calls itself adds nothing
        known[key] = _handed_over(semantics, name, function, depth)
    return known[key]


def _handed_over(semantics: "Semantics", name: str, function: Function, depth: int) -> Values:
    """Return what calls in this file hand over for a parameter, and its default."""
    parts: list[Values] = []
    default = default_of(name, function)
    if default is not None:
        parts.append(values(semantics, default, depth + 1))
    outer = parent(function)
    owner = outer if isinstance(outer, ast.ClassDef) else None
    called = owner.name if owner is not None and function.name == "__init__" else function.name
    positions = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    index = positions.index(name) - (owner is not None) if name in positions else None
    for call in semantics.nodes.calls_of.get(called, ())[:_CALLS]:
        given = argument(call, name, index)
        if given is not None and given is not call:
            parts.append(values(semantics, given, depth + 1))
    return _union(parts)


def _union(parts: Iterable[Values]) -> Values:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if known else None
