"""Order of data: folders, sets and futures that come in no order, and whether anyone minds."""

import ast
import re
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.finding import Fix
from samebits.lint.names import UNKNOWN, ancestors, scope_of

#: what gives the same for every order of its argument
_FREE: Final = frozenset(
    {"sorted", "len", "set", "frozenset", "min", "max", "any", "all", "sum", "Counter", "bool", "unique"}
)
#: what hands the order on
_THROUGH: Final = frozenset(
    [
        "list",
        "tuple",
        "enumerate",
        "iter",
        "map",
        "filter",
        "reversed",
        "zip",
        "array",
        "tqdm",
        "chain",
        "from_iterable",
        "islice",
        "track",
        "progress_bar",
        "trange",
    ]
)
#: statements for which the order of their turns does not matter
_FREE_METHODS: Final = frozenset(
    [
        "add",
        "discard",
        "remove",
        "unlink",
        "rmtree",
        "rmdir",
        "print",
        "mkdir",
        "makedirs",
        "copy",
        "copy2",
        "copyfile",
        "rename",
        "replace",
        "move",
        "info",
        "debug",
        "warning",
        "error",
        "touch",
        "symlink",
        "chmod",
        "kill",
        "cancel",
        "close",
        "terminate",
        "join",
        "setattr",
        "delattr",
        "register",
        "write_text",
        "write_bytes",
        "result",
        "exception",
        "update_progress",
        "set_description",
        "warn",
        "isinstance",
        "issubclass",
    ]
)
#: calls that read an iterable in its order
_CONSUMERS: Final = frozenset(
    [
        "list",
        "tuple",
        "enumerate",
        "iter",
        "map",
        "filter",
        "zip",
        "array",
        "asarray",
        "tensor",
        "as_tensor",
        "Series",
        "DataFrame",
        "join",
        "choice",
        "choices",
        "sample",
        "fromkeys",
        "chain",
        "islice",
        "extend",
        "Index",
        "concat",
        "concatenate",
        "stack",
        "vstack",
        "hstack",
        "cat",
        "next",
        "cycle",
        "product",
        "permutations",
        "combinations",
        "Categorical",
        "LongTensor",
        "shuffle",
        "deque",
        "tqdm",
        "from_iterable",
    ]
)
_SAYING: Final = frozenset(
    "print info debug warning error critical exception log warn format echo secho rank_zero_warn".split()
)
_DEPTH: Final = 4


def check(file: File) -> None:
    """Report sets that are read in their order, and queries that have none."""
    for call, path in file.calls:
        if path in ("pandas.read_sql", "pandas.read_sql_query", "polars.read_database"):
            _query(file, call)
    severity = "note" if file.context.sealed else None
    for loop in file.names.loops:
        _set(file, loop.iter, loop, severity)
    for call in file.names.calls:
        leaf = _leaf(call)
        if leaf == "pop" and not call.args and isinstance(call.func, ast.Attribute):
            holder = call.func.value
            if file.path(holder) == "set()" and not (_drains(call) or _is_single(file, holder)):
                file.report(
                    call,
                    "SB402",
                    "pop() of a set takes an element that depends on string hashes; take min() or sort it",
                    severity,
                )
        elif leaf in _CONSUMERS:
            for given in call.args:
                _set(file, given, call, severity)


def _query(file: File, call: ast.Call) -> None:
    """Report a query that asks for rows and not for their order."""
    values = file.names.values(call.args[0]) if call.args else None
    for value in values or ():
        text = " ".join(str(value).lower().split())
        aggregate = re.match(r"select (count|sum|min|max|avg)\(", text) and "group by" not in text
        if (
            text.startswith(("select ", "with "))
            and " from " in text
            and "order by" not in text
            and not aggregate
        ):
            outer = getattr(getattr(call, "parent", None), "attr", "")
            if "sort" not in outer:
                file.report(call, "SB408", "a query without ORDER BY returns rows in any order; add ORDER BY")
            return


def _drains(call: ast.Call) -> bool:
    """Tell whether a ``pop`` empties a set in a loop, as work lists do."""
    return any(isinstance(outer, ast.While) for outer in ancestors(call))


def _set(file: File, iterable: Any, consumer: Any, severity: str | None) -> None:
    """Report ``iterable`` if it is a set whose order reaches a result through ``consumer``."""
    if iterable.__class__ in (ast.Constant, ast.List, ast.Tuple, ast.Dict):
        return
    if file.path(iterable) != "set()":
        return
    if (
        _is_free_from(file, consumer, iterable, "set", 0)
        or _is_message(iterable)
        or _is_single(file, iterable)
    ):
        return
    wrapped = file.wrap(iterable, "sorted(", ")", "sort the set")
    code = "SB403" if _makes_dict(consumer) else "SB402"
    what = "a dict built from a set has an order that" if code == "SB403" else "the order of a set"
    if code == "SB403" and not _counts(consumer):
        severity = "note"  # only the order of its keys is open
    file.report(
        iterable,
        code,
        f"{what} depends on string hashes, which differ between processes; use sorted()",
        severity,
        fix=wrapped,
    )


def _is_message(node: Any) -> bool:
    """Tell whether an expression becomes part of a message: in it, order matters to no number."""
    for outer in ancestors(node):
        if isinstance(outer, ast.JoinedStr | ast.Raise):
            return True
        if isinstance(outer, ast.Call):
            leaf = _leaf(outer)
            if leaf in _SAYING or leaf.endswith(("Error", "Warning", "Exception")):
                return True
        if isinstance(outer, ast.stmt):
            return False
    return False


def _is_single(file: File, node: Any) -> bool:
    """Tell whether a set is taken apart where its length was compared with 1: then it has no order."""
    if isinstance(node, ast.Call) and _leaf(node) == "iter" and node.args:
        node = node.args[0]
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    text = ast.unparse(node)
    for call in file.names.calls_of.get("len", ()):
        outer = getattr(call, "parent", None)
        if isinstance(outer, ast.Compare) and call.args and ast.unparse(call.args[0]) == text:
            if any(
                isinstance(side, ast.Constant) and side.value == 1
                for side in (outer.left, *outer.comparators)
            ):
                return True
    return False


def _makes_dict(consumer: Any) -> bool:
    owner = getattr(consumer, "parent", None)
    if isinstance(consumer, ast.comprehension) and isinstance(owner, ast.DictComp):
        return True
    if isinstance(consumer, ast.Call):
        if _leaf(consumer) == "fromkeys":
            return True
        outer: Any = consumer
        for _ in range(3):
            outer = getattr(outer, "parent", None)
            if isinstance(outer, ast.comprehension) and isinstance(outer.parent, ast.DictComp):  # type: ignore[attr-defined]
                return True
            if isinstance(outer, ast.Call) and _leaf(outer) == "dict":
                return True
    return False


def _counts(consumer: Any) -> bool:
    """Tell whether a dict's values, too, depend on the order in which a set is read."""
    if isinstance(consumer, ast.Call) and _leaf(consumer) in ("enumerate", "zip"):
        return True
    owner = getattr(consumer, "parent", None)
    values = [owner.value] if isinstance(owner, ast.DictComp) else []
    return any(
        isinstance(each, ast.Call) and _leaf(each) in ("next", "len") for v in values for each in ast.walk(v)
    )


def is_free(file: File, node: Any, kind: str, depth: int = 0) -> bool:
    """Tell whether the order of what an expression yields reaches no result.

    Args:
        file: the file.
        node: the expression, such as ``os.listdir(folder)``.
        kind: ``listing``, ``futures`` or ``set``.
        depth: how many names have been followed.
    """
    if kind == "queue" and depth == 0:
        return _is_gathered_freely(file, node)
    parent = getattr(node, "parent", None)
    if parent is None or depth > _DEPTH:
        return False
    match parent:
        case ast.Call():
            if node is parent.func or node not in parent.args:
                if isinstance(parent.func, ast.Attribute) and parent.func.value is node:
                    return False
                return False
            return _is_free_from(file, parent, node, kind, depth)
        case ast.comprehension() | ast.For() | ast.AsyncFor():
            return node is parent.iter and _is_free_from(file, parent, node, kind, depth)
        case ast.Attribute():
            outer = getattr(parent, "parent", None)
            return isinstance(outer, ast.Call) and parent.attr in ("sort", "isdisjoint", "issubset")
        case ast.Compare():
            return True
        case ast.If() | ast.While() | ast.Assert() | ast.UnaryOp() | ast.Expr():
            return not isinstance(parent, ast.UnaryOp) or isinstance(parent.op, ast.Not)
        case ast.IfExp():
            return node is parent.test or is_free(file, parent, kind, depth)
        case ast.BoolOp() | ast.Await() | ast.NamedExpr():
            return is_free(file, parent, kind, depth)
        case ast.Starred():
            return is_free(file, parent.parent, kind, depth + 1)  # type: ignore[attr-defined]
        case ast.BinOp():
            return is_free(file, parent, kind, depth + 1)
        case ast.Assign() | ast.AnnAssign():
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return all(_target_is_free(file, target, kind, depth) for target in targets)
        case ast.Return():
            return _callers_are_free(file, parent, kind, depth)
    return False


def _is_gathered_freely(file: File, call: ast.Call) -> bool:
    """Tell whether a queue's answers are not gathered in a loop, or sorted or put in their places."""
    for outer in ancestors(call):
        if isinstance(outer, ast.ListComp | ast.GeneratorExp):
            return is_free(file, outer, "listing", 1)
        if isinstance(outer, ast.SetComp | ast.DictComp):
            return True
        if isinstance(outer, ast.For | ast.While):
            appends = [
                c for c in ast.walk(outer) if isinstance(c, ast.Call) and _leaf(c) in ("append", "extend")
            ]
            for append in appends:
                holder = append.func.value if isinstance(append.func, ast.Attribute) else None
                if isinstance(holder, ast.Name):
                    uses = scope_of(holder).loads.get(holder.id, ())
                    if any(_is_sorted(use) for use in uses):
                        return True
            return not appends
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return True
    return True


def _is_sorted(use: Any) -> bool:
    outer = getattr(use, "parent", None)
    if isinstance(outer, ast.Attribute):
        return outer.attr == "sort"
    return isinstance(outer, ast.Call) and use in outer.args and "sort" in _leaf(outer).lower()


def _is_free_from(file: File, consumer: Any, node: Any, kind: str, depth: int) -> bool:
    """Tell whether a consumer of an iterable makes its order not matter."""
    match consumer:
        case ast.Call():
            leaf = _leaf(consumer)
            if leaf in _FREE or "sort" in leaf.lower() or leaf in ("update", "symmetric_difference"):
                path = file.path(consumer.func)
                return leaf != "update" or (path.startswith(("set()", UNKNOWN)) and "set" in path)
            if leaf in _THROUGH:
                return is_free(file, consumer, kind, depth + 1)
            return leaf in ("union", "intersection", "difference", "issubset", "issuperset", "isdisjoint")
        case ast.comprehension():
            owner = consumer.parent  # type: ignore[attr-defined]
            if isinstance(owner, ast.SetComp):
                return True
            if isinstance(owner, ast.DictComp):
                return kind == "futures"
            return is_free(file, owner, kind, depth + 1)
        case ast.For() | ast.AsyncFor():
            walks = isinstance(consumer.iter, ast.Call) and _leaf(consumer.iter) in ("walk", "fwalk")
            return (walks and _walks_in_order(consumer)) or _body_is_free(consumer.body, kind)
    return False


def _walks_in_order(loop: ast.For | ast.AsyncFor) -> bool:
    """Tell whether a loop over os.walk sorts the folders that it goes down to, and the files where it uses them."""
    if not (isinstance(loop.target, ast.Tuple) and len(loop.target.elts) >= 3):
        return False
    folders, files = loop.target.elts[1:3]
    if not (isinstance(folders, ast.Name) and isinstance(files, ast.Name)):
        return False
    nodes = [each for statement in loop.body for each in ast.walk(statement)]
    in_place = {_sorted_name(each) for each in nodes if _sorts_in_place(each)}
    if folders.id not in in_place:
        return False
    if files.id in in_place:
        return True
    uses = [each for each in nodes if isinstance(each, ast.Name) and each.id == files.id]
    return all(
        isinstance(use.parent, ast.Call) and _leaf(use.parent) in ("sorted", "len", "set")  # type: ignore[attr-defined]
        for use in uses
    )


def _sorts_in_place(node: Any) -> bool:
    """Tell whether a node is ``names.sort()`` or ``names[:] = sorted(…)``."""
    if isinstance(node, ast.Call):
        return _leaf(node) == "sort" and isinstance(node.func, ast.Attribute)
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return False
    target = node.targets[0]
    whole = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice)
    return whole and isinstance(node.value, ast.Call) and _leaf(node.value) == "sorted"


def _sorted_name(node: Any) -> str:
    owner: Any = node.func if isinstance(node, ast.Call) else node.targets[0]
    owner = owner.value
    return owner.id if isinstance(owner, ast.Name) else ""


def _body_is_free(body: list[ast.stmt], kind: str) -> bool:
    """Tell whether turns of a loop could be taken in any order."""
    for statement in body:
        match statement:
            case ast.Expr(value=ast.Call() as call):
                leaf = _leaf(call)
                if leaf not in _FREE_METHODS and not leaf.startswith(("erase", "remove", "delete", "del_")):
                    return False
            case ast.Expr(value=ast.Constant()) | ast.Expr(value=ast.Await()):
                pass
            case ast.Pass() | ast.Continue() | ast.Raise() | ast.Assert() | ast.Delete():
                pass
            case ast.Return(value=None | ast.Constant()):
                pass
            case ast.AugAssign(op=ast.Add(), value=ast.Constant(value=int())):
                pass
            case ast.AugAssign(op=ast.BitOr()):
                pass
            case ast.Assign(value=ast.Constant()) if all(
                isinstance(t, ast.Name | ast.Subscript) for t in statement.targets
            ):
                pass
            case ast.Assign(targets=[ast.Subscript()]) if kind == "futures":
                pass
            case ast.Assign(targets=[ast.Name()]):
                if any(
                    isinstance(each, ast.Call) and _leaf(each) in ("next", "len")
                    for each in ast.walk(statement.value)
                ):
                    return False
            case ast.If():
                if not (_body_is_free(statement.body, kind) and _body_is_free(statement.orelse, kind)):
                    return False
            case ast.Try():
                parts = [statement.body, statement.orelse, statement.finalbody]
                parts += [handler.body for handler in statement.handlers]
                if not all(_body_is_free(part, kind) for part in parts):
                    return False
            case ast.With():
                if not _body_is_free(statement.body, kind):
                    return False
            case ast.Break():
                return False
            case _:
                return False
    return True


def _target_is_free(file: File, target: Any, kind: str, depth: int) -> bool:
    """Tell whether all uses of an assigned name or attribute leave the order out, or it is sorted."""
    if isinstance(target, ast.Name):
        uses = _uses(file, target)
        for use in uses:
            outer = getattr(use, "parent", None)
            if isinstance(outer, ast.Attribute) and outer.attr == "sort":
                return True
            if isinstance(outer, ast.Call) and use in outer.args and "sort" in _leaf(outer).lower():
                if isinstance(getattr(outer, "parent", None), ast.Assign | ast.Expr):
                    return True
        return bool(uses) and all(is_free(file, use, kind, depth + 1) for use in uses)
    if isinstance(target, ast.Attribute):
        for call in [*file.names.calls_of.get("sort", ()), *file.names.calls_of.get("sorted", ())]:
            expression: Any = (
                call.func.value if isinstance(call.func, ast.Attribute) else (call.args or [None])[0]
            )
            if isinstance(expression, ast.Attribute) and expression.attr == target.attr:
                return True
    return False


def _uses(file: File, name: ast.Name) -> list[ast.Name]:
    """Return where a name is read, in its own scope and those inside it."""
    scope = scope_of(name)
    found = list(scope.loads.get(name.id, ()))
    for owner in _inner_scopes(file, scope):
        if name.id not in owner.bindings:
            found += owner.loads.get(name.id, ())
    return [use for use in found if use.lineno >= name.lineno or _in_loop(use)]


def _inner_scopes(file: File, scope: Any) -> list[Any]:
    if not hasattr(file, "scopes"):
        scopes = {}
        for loop in file.names.loops:
            at = getattr(loop, "scope", None)
            if at is not None:
                scopes[id(at)] = at
        for node, _ in file.names.functions:
            scopes[id(node.inner)] = node.inner  # type: ignore[union-attr]
        file.scopes = list(scopes.values())  # type: ignore[attr-defined]
    found = []
    for each in file.scopes:  # type: ignore[attr-defined]
        at = each.parent
        while at is not None:
            if at is scope:
                found.append(each)
                break
            at = at.parent
    return found


def _in_loop(node: Any) -> bool:
    return any(isinstance(outer, ast.For | ast.While) for outer in ancestors(node))


def _callers_are_free(file: File, node: ast.Return, kind: str, depth: int) -> bool:
    """Tell whether every call in this file of the function that returns ``node`` leaves the order out."""
    for outer in ancestors(node):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = file.names.calls_of.get(outer.name, [])
            return bool(calls) and all(is_free(file, call, kind, depth + 1) for call in calls)
    return False


def sorted_fix(file: File, call: ast.Call) -> Fix:
    """Return the fix that sorts what a call lists."""
    return file.wrap(call, "sorted(", ")", "sort the listing")


def _leaf(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
