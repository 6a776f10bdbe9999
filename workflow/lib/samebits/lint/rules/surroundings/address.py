"""SB504: id() in a number or an order."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.questions.sorting import SORTERS, sort_key
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import parent

_MESSAGE: Final = "id() is an address and differs in every process; use an index, a name or a digest"
_NUMERIC: Final = ("numpy.", "torch.", "tensorflow.", "pandas.", "jax.", "sklearn.", "xgboost.", "lightgbm.")
_ARRAYS: Final = (".tensor", ".array", ".asarray", ".as_tensor", ".full")


def _check_call(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report id() where its value, an address, reaches a number."""
    if path == "id" and len(call.args) == 1:
        outer = parent(call)
        if isinstance(outer, ast.BinOp):
            if _computes(file, outer, call):
                yield Diagnostic(call, _MESSAGE)
        elif isinstance(outer, ast.Call) and call in outer.args:
            array = file.path(outer.func)
            if array.startswith(_NUMERIC) and array.endswith(_ARRAYS):
                yield Diagnostic(call, _MESSAGE)


def _computes(file: File, operation: ast.BinOp, call: ast.Call) -> bool:
    """Tell whether an operation computes with an address, and puts no text together."""
    match operation.op:
        case ast.Mod():
            return operation.right is not call
        case ast.Add():
            sides = (operation.left, operation.right)
            return not any(file.path(side).startswith("str()") for side in sides)
    return isinstance(operation.op, ast.Mult | ast.BitXor | ast.BitAnd)


def _check_key(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report an order by address."""
    key = sort_key(call, path)
    if isinstance(key, ast.Name) and key.id == "id" and file.path(key) == "id":
        yield Diagnostic(key, _MESSAGE)
    elif isinstance(key, ast.Lambda):
        for each in ast.walk(key.body):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "id":
                yield Diagnostic(each, _MESSAGE)


RULE: Final = Rule(
    code="SB504",
    name="address",
    summary="id() in a number or an order",
    why="It is an address.",
    bad="sorted(layers, key=id)",
    good="sorted(layers, key=lambda layer: layer.name)",
    source="Python: id",
    listens=(
        On(Event.CALL, _check_call, names=("id",)),
        On(Event.CALL, _check_key, names=SORTERS),
    ),
    words=("id",),
)
