"""What the target of an assignment or loop binds."""

import ast
from typing import Any

from samebits.lint.semantics.scopes import Binding, How, Scope


def bind_target(target: ast.expr, how: How, value: Any, scope: Scope, line: int) -> None:
    """Bind every name and attribute of ``self`` in the target of an assignment or loop."""
    if isinstance(target, ast.Name):
        scope.bind(target.id, line, how, value)
    elif isinstance(target, ast.Attribute):
        if isinstance(target.value, ast.Name) and (owner := scope.class_of_self(target.value.id)):
            owner.attributes.setdefault(target.attr, []).append(Binding(line, how, value, scope))
    elif isinstance(target, ast.Starred):
        bind_target(target.value, How.UNKNOWN, value, scope, line)
    elif isinstance(target, ast.Tuple | ast.List):
        _bind_parts(target, how, value, scope, line)


def _bind_parts(target: ast.Tuple | ast.List, how: How, value: Any, scope: Scope, line: int) -> None:
    """Bind the targets of ``a, b = …`` and ``for a, b in …``."""
    count = len(target.elts)
    if how is How.VALUE and isinstance(value, ast.Tuple | ast.List) and len(value.elts) == count:
        for element, part in zip(target.elts, value.elts, strict=True):
            bind_target(element, How.VALUE, part, scope, line)
    elif how is How.ITEM and count == 2 and _is_enumerate(value):
        bind_target(target.elts[0], How.INDEX, value.args[0], scope, line)
        bind_target(target.elts[1], How.ITEM, value.args[0], scope, line)
    else:
        inner = {How.VALUE: How.PART, How.ITEM: How.PART_OF_ITEM}.get(how, How.UNKNOWN)
        for element in target.elts:
            bind_target(element, inner, value, scope, line)


def _is_enumerate(node: Any) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enumerate" and bool(node.args)
