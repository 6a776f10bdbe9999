"""Whether the order of what an expression yields reaches a result.

Where it does not, as when a listing is sorted, counted or put into a set, the order is *free*.
"""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.catalog.entries import Order
from samebits.lint.file import File
from samebits.lint.questions.loops import turns_are_free
from samebits.lint.semantics import UNKNOWN
from samebits.lint.semantics.scopes import Scope
from samebits.lint.semantics.syntax import ancestors, leaf, parent, scope_of

#: what gives the same for every order of its argument
_FREE: Final = frozenset(
    {"sorted", "len", "set", "frozenset", "min", "max", "any", "all", "sum", "Counter", "bool", "unique"}
)
#: methods of sets that take an iterable in any order
_SET_METHODS: Final = ("union", "intersection", "difference", "issubset", "issuperset", "isdisjoint")
#: what hands the order on
_THROUGH: Final = frozenset(
    "list tuple enumerate iter map filter reversed zip array tqdm chain from_iterable islice track "
    "progress_bar trange".split()
)
_DEPTH: Final = 4


def is_free(file: File, node: Any, order: Order, depth: int = 0) -> bool:
    """Tell whether the order of what an expression yields reaches no result.

    Args:
        file: the file.
        node: the expression, such as ``os.listdir(folder)``.
        order: what it yields.
        depth: how many names have been followed.
    """
    if order is Order.QUEUE and depth == 0:
        return _is_gathered_freely(file, node)
    outer = parent(node)
    if outer is None or depth > _DEPTH:
        return False
    match outer:
        case ast.Call():
            return node is not outer.func and node in outer.args and is_free_in(file, outer, order, depth)
        case ast.comprehension() | ast.For() | ast.AsyncFor():
            return node is outer.iter and is_free_in(file, outer, order, depth)
        case ast.Attribute():
            return isinstance(parent(outer), ast.Call) and outer.attr in ("sort", "isdisjoint", "issubset")
        case ast.Compare() | ast.If() | ast.While() | ast.Assert() | ast.Expr():
            return True
        case ast.UnaryOp():
            return isinstance(outer.op, ast.Not)
        case ast.IfExp():
            return node is outer.test or is_free(file, outer, order, depth)
        case ast.BoolOp() | ast.Await() | ast.NamedExpr():
            return is_free(file, outer, order, depth)
        case ast.Starred():
            return is_free(file, parent(outer), order, depth + 1)
        case ast.BinOp():
            return is_free(file, outer, order, depth + 1)
        case ast.Assign() | ast.AnnAssign():
            targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
            return all(_target_is_free(file, target, order, depth) for target in targets)
        case ast.Return():
            return _callers_are_free(file, outer, order, depth)
    return False


def is_free_in(file: File, consumer: Any, order: Order, depth: int = 0) -> bool:
    """Tell whether a consumer of an iterable (call, loop or comprehension) makes its order not matter."""
    match consumer:
        case ast.Call():
            return _call_frees(file, consumer, order, depth)
        case ast.comprehension():
            owner = parent(consumer)
            if isinstance(owner, ast.SetComp):
                return True
            if isinstance(owner, ast.DictComp):
                return order is Order.FUTURES
            return is_free(file, owner, order, depth + 1)
        case ast.For() | ast.AsyncFor():
            return turns_are_free(consumer, order)
    return False


def _call_frees(file: File, call: ast.Call, order: Order, depth: int) -> bool:
    name = leaf(call)
    if name == "update":
        path = file.path(call.func)
        return path.startswith(("set()", UNKNOWN)) and "set" in path
    if name in _FREE or "sort" in name.lower() or name == "symmetric_difference":
        return True
    if name in _THROUGH:
        return is_free(file, call, order, depth + 1)
    return name in _SET_METHODS


def _is_gathered_freely(file: File, call: ast.Call) -> bool:
    """Tell whether a queue's answers are not gathered in a loop, or sorted, or put in their places."""
    for outer in ancestors(call):
        if isinstance(outer, ast.ListComp | ast.GeneratorExp):
            return is_free(file, outer, Order.LISTING, 1)
        if isinstance(outer, ast.For | ast.While):
            appends = [
                each
                for each in ast.walk(outer)
                if isinstance(each, ast.Call) and leaf(each) in ("append", "extend")
            ]
            return not appends or any(map(_is_sorted_somewhere, appends))
        if isinstance(
            outer, ast.SetComp | ast.DictComp | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        ):
            return True
    return True


def _is_sorted_somewhere(append: ast.Call) -> bool:
    """Tell whether the list that a call appends to is sorted anywhere in its scope."""
    holder = append.func.value if isinstance(append.func, ast.Attribute) else None
    if not isinstance(holder, ast.Name):
        return False
    return any(_is_sorted(use) for use in scope_of(holder).loads.get(holder.id, ()))


def _is_sorted(use: ast.Name) -> bool:
    outer = parent(use)
    if isinstance(outer, ast.Attribute):
        return outer.attr == "sort"
    return _is_handed_to_sort(use)


def _is_handed_to_sort(use: ast.Name) -> bool:
    outer = parent(use)
    return isinstance(outer, ast.Call) and use in outer.args and "sort" in leaf(outer).lower()


def _target_is_free(file: File, target: Any, order: Order, depth: int) -> bool:
    """Tell whether all uses of an assigned name or attribute leave the order out, or one sorts it."""
    if isinstance(target, ast.Name):
        uses = list(_uses(file, target))
        if any(_sorts(use) for use in uses):
            return True
        return bool(uses) and all(is_free(file, use, order, depth + 1) for use in uses)
    if isinstance(target, ast.Attribute):
        sorts = file.semantics.nodes.calls_named("sort", "sorted")
        return any(getattr(_sorted_object(call), "attr", "") == target.attr for call in sorts)
    return False


def _sorted_object(call: ast.Call) -> Any:
    """Return what ``sorted(…)`` or ``….sort()`` sorts."""
    if isinstance(call.func, ast.Attribute):
        return call.func.value
    return call.args[0] if call.args else None


def _sorts(use: ast.Name) -> bool:
    """Tell whether a use is ``names.sort`` or ``names = sorted(names)``."""
    outer = parent(use)
    if isinstance(outer, ast.Attribute) and outer.attr == "sort":
        return True
    return _is_handed_to_sort(use) and isinstance(parent(outer), ast.Assign | ast.Expr)


def _uses(file: File, name: ast.Name) -> Iterator[ast.Name]:
    """Yield where a name is read after it was bound, in its own scope and those inside it."""
    scope = scope_of(name)
    uses = list(scope.loads.get(name.id, ()))
    for inner in _scopes_inside(file, scope):
        if name.id not in inner.bindings:
            uses += inner.loads.get(name.id, ())
    return (use for use in uses if use.lineno >= name.lineno or _is_in_loop(use))


def _scopes_inside(file: File, scope: Scope) -> list[Scope]:
    """Return the scopes of functions and of loops that lie within a scope."""
    nodes = file.semantics.nodes
    scopes = [each.scope for each in nodes.loops]
    scopes += [each.inner for each in nodes.functions]  # type: ignore[union-attr]
    return [each for each in dict.fromkeys(scopes) if _lies_in(each, scope)]


def _lies_in(inner: Scope, scope: Scope) -> bool:
    at = inner.parent
    while at is not None and at is not scope:
        at = at.parent
    return at is scope


def _is_in_loop(node: Any) -> bool:
    return any(isinstance(outer, ast.For | ast.While) for outer in ancestors(node))


def _callers_are_free(file: File, node: ast.Return, order: Order, depth: int) -> bool:
    """Tell whether every call in this file of the function that returns ``node`` leaves the order out."""
    for outer in ancestors(node):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = file.semantics.nodes.calls_named(outer.name)
            return bool(calls) and all(is_free(file, call, order, depth + 1) for call in calls)
    return False
