"""SB503: hash() of text."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.questions.mentions import is_in_seed
from samebits.lint.questions.sorting import SORTERS, sort_key
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors, parent

_NUMBERS: Final = ("int()", "float()", "len()", "range()", "bool()")


def _check_call(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report hash() of what may be text: it differs between processes unless PYTHONHASHSEED is set."""
    if path != "hash" or len(call.args) != 1 or file.context.sealed:
        return
    if not (_is_number(file, call.args[0]) or _is_for_hashing(call) or is_in_seed(call)):
        yield Diagnostic(
            call,
            "hash() of text differs between processes unless PYTHONHASHSEED is set before Python starts; "
            "use hashlib or zlib.crc32",
        )


def _is_number(file: File, node: ast.expr) -> bool:
    values = file.semantics.values(node)
    if values is not None and all(isinstance(value, int | float) for value in values):
        return True
    return file.path(node).startswith(_NUMBERS)


def _is_for_hashing(call: ast.Call) -> bool:
    """Tell whether a hash only serves dicts: in ``__hash__``, compared with another, or tried out."""
    outers = list(ancestors(call))
    computed = any(isinstance(outer, ast.BinOp) for outer in outers)
    for outer in outers:
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and "hash" in outer.name.lower():
            return True
        if isinstance(outer, ast.Compare) and not computed:
            if all(isinstance(side, ast.Call) for side in (outer.left, *outer.comparators)):
                return True
    return isinstance(parent(call), ast.Expr)


def _check_key(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report an order by hash()."""
    key = sort_key(call, path)
    if isinstance(key, ast.Name) and key.id == "hash" and file.path(key) == "hash":
        if not file.context.sealed:
            yield Diagnostic(key, "an order by hash() differs between processes; sort by the value itself")


RULE: Final = Rule(
    code="SB503",
    name="hash-of-text",
    summary="hash() of text",
    why="It is salted with a number that is new in every process.",
    bad="bucket = hash(word) % 1000",
    good="bucket = zlib.crc32(word.encode()) % 1000",
    source="Python: object.__hash__",
    listens=(
        On(Event.CALL, _check_call, names=("hash",)),
        On(Event.CALL, _check_key, names=SORTERS),
    ),
    words=("hash",),
)
