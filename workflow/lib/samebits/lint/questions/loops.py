"""Loops whose turns could be taken in any order."""

import ast
from typing import Any, Final

from samebits.lint.catalog.entries import Order
from samebits.lint.semantics.syntax import leaf

#: calls after which it does not matter in which order they were made
_FREE: Final = frozenset(
    "add discard remove unlink rmtree rmdir print mkdir makedirs copy copy2 copyfile rename replace move info "
    "debug warning error touch symlink chmod kill cancel close terminate join setattr delattr register "
    "write_text write_bytes result exception update_progress set_description warn isinstance "
    "issubclass".split()
)
_FREE_BEGINNINGS: Final = ("erase", "remove", "delete", "del_")
#: calls that make a turn depend on those before
_COUNTING: Final = ("next", "len")


def turns_are_free(loop: ast.For | ast.AsyncFor, order: Order) -> bool:
    """Tell whether the turns of a loop could be taken in any order, or its body sorts what it goes over."""
    walks = isinstance(loop.iter, ast.Call) and leaf(loop.iter) in ("walk", "fwalk")
    return (walks and _sorts_its_walk(loop)) or _is_free(loop.body, order)


def _is_free(body: list[ast.stmt], order: Order) -> bool:
    """Tell whether statements do the same whatever was done before."""
    return all(_statement_is_free(statement, order) for statement in body)


def _statement_is_free(statement: ast.stmt, order: Order) -> bool:
    match statement:
        case ast.Expr(value=ast.Call() as call):
            name = leaf(call)
            return name in _FREE or name.startswith(_FREE_BEGINNINGS)
        case ast.Expr(value=ast.Constant() | ast.Await()):
            return True
        case ast.Pass() | ast.Continue() | ast.Raise() | ast.Assert() | ast.Delete():
            return True
        case ast.Return(value=None | ast.Constant()):
            return True
        case ast.AugAssign(op=ast.Add(), value=ast.Constant(value=int())) | ast.AugAssign(op=ast.BitOr()):
            return True
        case ast.Assign():
            return _assignment_is_free(statement, order)
        case ast.If():
            return _is_free(statement.body, order) and _is_free(statement.orelse, order)
        case ast.Try():
            parts = [statement.body, statement.orelse, statement.finalbody]
            parts += [handler.body for handler in statement.handlers]
            return all(_is_free(part, order) for part in parts)
        case ast.With():
            return _is_free(statement.body, order)
    return False


def _assignment_is_free(assign: ast.Assign, order: Order) -> bool:
    targets = assign.targets
    if isinstance(assign.value, ast.Constant):
        if all(isinstance(target, ast.Name | ast.Subscript) for target in targets):
            return True
    match targets:
        case [ast.Subscript()]:
            return order is Order.FUTURES
        case [ast.Name()]:
            return not counts(assign.value)
    return False


def counts(node: ast.AST) -> bool:
    """Tell whether an expression takes the next of something, or its length."""
    return any(isinstance(each, ast.Call) and leaf(each) in _COUNTING for each in ast.walk(node))


def _sorts_its_walk(loop: ast.For | ast.AsyncFor) -> bool:
    """Tell whether a loop over ``os.walk`` sorts the folders it goes down to, and the files it uses."""
    if not (isinstance(loop.target, ast.Tuple) and len(loop.target.elts) >= 3):
        return False
    folders, files = loop.target.elts[1:3]
    if not (isinstance(folders, ast.Name) and isinstance(files, ast.Name)):
        return False
    nodes: list[Any] = [each for statement in loop.body for each in ast.walk(statement)]
    in_place = {_sorted_in_place(each) for each in nodes}
    if folders.id not in in_place:
        return False
    if files.id in in_place:
        return True
    uses = [each for each in nodes if isinstance(each, ast.Name) and each.id == files.id]
    return all(
        isinstance(use.parent, ast.Call) and leaf(use.parent) in ("sorted", "len", "set")  # type: ignore[attr-defined]
        for use in uses
    )


def _sorted_in_place(node: Any) -> str:
    """Return the name that ``names.sort()`` or ``names[:] = sorted(…)`` sorts; empty for all else."""
    owner: Any = None
    if isinstance(node, ast.Call):
        if leaf(node) == "sort" and isinstance(node.func, ast.Attribute):
            owner = node.func.value
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        whole = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice)
        if whole and isinstance(value, ast.Call) and leaf(value) == "sorted":
            owner = target.value  # type: ignore[attr-defined]
    return owner.id if isinstance(owner, ast.Name) else ""
