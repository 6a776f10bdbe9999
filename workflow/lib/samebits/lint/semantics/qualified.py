"""Expressions as dotted paths, written as one would reach them: ``torch.nn.functional.interpolate``.

A call adds ``()`` and an item ``[]``: ``tf.data.Dataset.range(3).map(f)`` is
``tensorflow.data.Dataset.range().map()``. A tensor of unknown origin is ``torch.Tensor()``. ``local:name@line``
is a function of the file, ``->path`` one of the project that returns what the path says. ``intset()`` is a set
of numbers, whose order is the same in all processes. What is not known begins with ``?``.
"""

import ast
import builtins
from typing import TYPE_CHECKING, Any, Final

from samebits.lint.semantics import annotations
from samebits.lint.semantics.scopes import Binding, How, Scope, attribute, binding
from samebits.lint.semantics.tensor_paths import TENSOR, is_network, is_tensor

if TYPE_CHECKING:
    from samebits.lint.semantics.resolution import Semantics

UNKNOWN: Final = "?"

_SET_METHODS: Final = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
_SETS: Final = ("set()", "intset()")
#: methods of paths that give a path
_PATH_METHODS: Final = frozenset(
    {"joinpath", "resolve", "absolute", "expanduser", "with_name", "with_suffix", "cwd", "home"}
)
#: methods of networks that give the network
_NETWORK_METHODS: Final = frozenset(
    {"to", "cuda", "cpu", "eval", "train", "double", "half", "float", "requires_grad_"}
)
_PLAIN: Final = frozenset({"list", "tuple", "dict", "str", "int", "float", "bool", "len", "range", "sorted"})
_NUMBER_FUNCTIONS: Final = ("len", "int", "ord", "round", "abs")


def resolve(semantics: "Semantics", node: Any) -> str:
    """Return the path of an expression."""
    match node:
        case ast.Name():
            return named(semantics, node.id, node.scope, node.lineno)  # type: ignore[attr-defined]
        case ast.Attribute():
            return _attribute(semantics, node)
        case ast.Call():
            return _call(semantics, node)
        case ast.Subscript():
            return _item(semantics, node)
        case ast.Await() | ast.NamedExpr() | ast.Starred():
            return semantics.path(node.value)
        case ast.BinOp():
            return _operation(semantics, node)
        case ast.UnaryOp():
            return semantics.path(node.operand)
        case ast.Compare():
            sides = (node.left, *node.comparators)
            return TENSOR + ".bool()" if any(is_tensor(semantics.path(s)) for s in sides) else "bool()"
        case ast.IfExp():
            first = semantics.path(node.body)
            unclear = first.startswith(UNKNOWN) or first == "None"
            return semantics.path(node.orelse) if unclear else first
        case ast.BoolOp():
            paths = [semantics.path(value) for value in node.values]
            return next((p for p in paths if not p.startswith(UNKNOWN) and p != "None"), UNKNOWN)
        case ast.Set():
            return "intset()" if all(_is_numeral(each) for each in node.elts) else "set()"
        case ast.SetComp():
            return "intset()" if _is_number(semantics, node.elt) else "set()"
        case ast.Dict() | ast.DictComp():
            return "dict()"
        case ast.List() | ast.ListComp() | ast.GeneratorExp():
            return "list()"
        case ast.Tuple():
            return "tuple()"
        case ast.JoinedStr():
            return "str()"
        case ast.Constant(value=None):
            return "None"
        case ast.Constant():
            return f"{type(node.value).__name__}()"
    return UNKNOWN


def named(semantics: "Semantics", name: str, scope: Scope, line: int) -> str:
    """Return the path that a name has in a scope at a line."""
    bound = binding(name, scope, line)
    if bound is not None:
        return of_binding(semantics, bound)
    stars = [b.node[0] for b in semantics.nodes.module.bindings.get("*", ()) if b.how is How.IMPORT]
    for module in stars:
        if (path := semantics.imported(module, name)) is not None:
            return path
    if hasattr(builtins, name):
        return name
    return f"{stars[0]}.{name}" if len(stars) == 1 else f"?.{name}"


def of_binding(semantics: "Semantics", bound: Binding) -> str:
    """Return the path of what a binding gives."""
    match bound.how:
        case How.PATH:
            return str(bound.node)
        case How.IMPORT:
            module, name = bound.node
            return semantics.imported(module, name) or f"{module}.{name}"
        case How.VALUE:
            return semantics.path(bound.node)
        case How.ANNOTATION:
            return annotations.instance(semantics, bound.node)
        case How.ITEM:
            return _any_item(semantics.path(bound.node))
        case How.INDEX:
            return "int()"
        case How.PART:
            return TENSOR if is_tensor(semantics.path(bound.node)) else UNKNOWN
        case How.PART_OF_ITEM:
            return TENSOR if "DataLoader()" in semantics.path(bound.node) else UNKNOWN
        case How.PARAMETER:
            return annotations.parameter(semantics, bound)
        case How.FUNCTION:
            return f"local:{bound.node.name}@{bound.node.lineno}"
        case How.CLASS:
            return of_class(semantics, bound.node)
    return UNKNOWN


def of_class(semantics: "Semantics", node: Any) -> str:
    """Return the path of what a class of the file derives from: its instances are used as such."""
    for base in node.bases:
        path = semantics.path(base)
        if not path.startswith(UNKNOWN):
            return path
    return f"?.class {node.name}"


def _any_item(path: str) -> str:
    if path.startswith(("range(", "intset()")):
        return "int()"
    return TENSOR if is_tensor(path) else f"{path}[]" if not path.startswith(UNKNOWN) else UNKNOWN


def _attribute(semantics: "Semantics", node: ast.Attribute) -> str:
    value = node.value
    if isinstance(value, ast.Name):
        owner = value.scope.class_of_self(value.id)  # type: ignore[attr-defined]
        if owner is not None and (bound := attribute(owner, node.attr)) is not None:
            return of_binding(semantics, bound)
    base = semantics.path(value)
    if base.startswith("torch.nn.Module()"):
        return f"{base}.{node.attr}" if is_tensor(base) else f"?.{node.attr}"
    if base.startswith("local:"):
        return f"?.{node.attr}"
    if base.startswith("pathlib.Path()") and node.attr == "parent":
        return "pathlib.Path()"
    if isinstance(value, ast.Call) and base == "super()":
        return f"?.{node.attr}"
    return f"{base}.{node.attr}"


def _item(semantics: "Semantics", node: ast.Subscript) -> str:
    base = semantics.path(node.value)
    if is_tensor(base):
        return TENSOR
    if base == "dict()" and (table := semantics.literal(node.value)) is not None:
        key = semantics.values(node.slice)
        if isinstance(table, ast.Dict) and key and len(key) == 1:
            for name, value in zip(table.keys, table.values, strict=True):
                if isinstance(name, ast.Constant) and name.value in key:
                    return semantics.path(value)
    return f"{base}[]"


def _operation(semantics: "Semantics", node: ast.BinOp) -> str:
    left, right = semantics.path(node.left), semantics.path(node.right)
    if isinstance(node.op, _SET_OPERATORS):
        for side in (left, right):
            if side.startswith(_SETS):
                return side
            if side.endswith((".keys()", ".items()")) and left.endswith(("keys()", "items()")):
                return "set()"
    if isinstance(node.op, ast.Div):  # folder / "name"
        for side in (left, right):
            if side.startswith("pathlib."):
                return "pathlib.Path()"
    for side in (left, right):
        if is_tensor(side):
            return side if side.endswith((".long()", ".int()")) else TENSOR
        if side.startswith("numpy."):
            return "numpy.ndarray()"
    return UNKNOWN


def _call(semantics: "Semantics", node: ast.Call) -> str:
    function = semantics.path(node.func)
    match function:
        case "set" | "frozenset":
            return "intset()" if node.args and _gives_numbers(semantics, node.args[0]) else "set()"
        case "getattr" if len(node.args) >= 2:
            name = semantics.value(node.args[1])
            return f"{semantics.path(node.args[0])}.{name}" if isinstance(name, str) else UNKNOWN
        case "__import__" | "importlib.import_module" if node.args:
            name = semantics.value(node.args[0])
            return name if isinstance(name, str) else UNKNOWN
        case "functools.partial" if node.args:
            return semantics.path(node.args[0])
        case "list" | "tuple" | "reversed" | "tqdm.tqdm" | "tqdm.auto.tqdm" | "iter" if node.args:
            inner = semantics.path(node.args[0])
            return "list()" if function in ("list", "tuple") else inner
    if function in _PLAIN:
        return f"{function}()"
    if function.startswith("->"):
        return function[2:]
    if function.startswith("local:"):
        return _returned(semantics, function)
    return _method(function)


def _method(function: str) -> str:
    """Return the path of what a called path gives."""
    base, _, method = function.rpartition(".")
    if method in _SET_METHODS and base in _SETS:
        return base
    if method in _NETWORK_METHODS and is_network(base):
        return base
    if base.startswith("pathlib.Path") and method in _PATH_METHODS:
        return "pathlib.Path()"
    if function == "super":
        return "super()"
    return UNKNOWN if method == "__init__" else f"{function}()"


def _returned(semantics: "Semantics", path: str) -> str:
    """Return the path that all return statements of a function of the file agree on."""
    function = semantics.nodes.local.get(path)
    if function is None:
        return UNKNOWN
    paths = [semantics.path(each) for each in semantics.returned(function)]
    known = [each for each in paths if not each.startswith((UNKNOWN, "None", "local:"))]
    return known[0] if known and len(set(known)) == 1 else UNKNOWN


def _gives_numbers(semantics: "Semantics", node: ast.expr) -> bool:
    """Tell whether all items of an iterable are clearly numbers."""
    path = semantics.path(node)
    if path in ("range()", "intset()"):
        return True
    if isinstance(node, ast.List | ast.Tuple):
        return all(_is_number(semantics, each) for each in node.elts)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _is_number(semantics, node.elt)
    return path.startswith(("numpy.arange()", "numpy.unique()")) or path.endswith(".tolist()")


def _is_number(semantics: "Semantics", node: ast.expr) -> bool:
    """Tell whether an expression is clearly a number: hashes of numbers are the same in all processes."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _NUMBER_FUNCTIONS
    if isinstance(node, ast.Name):
        return semantics.path(node) == "int()"
    if isinstance(node, ast.BinOp):
        return _is_number(semantics, node.left) and _is_number(semantics, node.right)
    return _is_numeral(node)


def _is_numeral(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
