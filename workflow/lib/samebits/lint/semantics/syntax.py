"""Questions about nodes that need no names: what a call is handed, what a node stands in.

The walk (``walk.py``) writes ``parent`` on every node, ``scope`` on names and on most of what has a body,
and ``inner`` on what opens a scope.
"""

import ast
from collections.abc import Iterator
from typing import Any

from samebits.lint.semantics.scopes import Scope


def leaf(call: ast.Call) -> str:
    """Return the last name of what is called; empty if that is no name."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def parent(node: Any) -> Any:
    """Return the node around a node; None at the top."""
    return getattr(node, "parent", None)


def ancestors(node: Any) -> Iterator[Any]:
    """Yield what a node stands in, innermost first."""
    while (node := getattr(node, "parent", None)) is not None:
        yield node


def scope_of(node: Any) -> Scope:
    """Return the scope that a node stands in."""
    while not hasattr(node, "scope"):
        node = node.parent
    scope: Scope = node.scope
    return scope


def argument(call: ast.Call, name: str, position: int | None = None) -> Any:
    """Return the expression that a call hands over for a parameter.

    None if it hands over none; the call itself if ``*args`` or ``**kwargs`` may hold it. The position -1 is
    the last one.
    """
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position == -1:
        last = call.args[-1] if call.args else None
        return call if isinstance(last, ast.Starred) else last
    starred = False
    for index, given in enumerate(call.args):
        if isinstance(given, ast.Starred):
            starred = True
            break
        if index == position:
            return given
    if starred and position is not None:
        return call
    return call if any(keyword.arg is None for keyword in call.keywords) else None


def keyword_value(call: ast.Call, name: str) -> Any:
    """Return the expression of a keyword argument; None if it is not given as such."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def default_of(name: str, function: Any) -> ast.expr | None:
    """Return the default of a function's parameter, if it has one."""
    return next((value for parameter, value in defaults(function) if parameter == name), None)


def defaults(function: Any) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of a function that have defaults, with these."""
    parameters = function.args
    plain = [*parameters.posonlyargs, *parameters.args]
    if parameters.defaults:
        last = plain[-len(parameters.defaults) :]
        yield from ((each.arg, value) for each, value in zip(last, parameters.defaults, strict=True))
    for each, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if value is not None:
            yield each.arg, value


def in_function(node: Any) -> bool:
    """Tell whether a node stands in a function or lambda."""
    return any(
        isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for outer in ancestors(node)
    )
