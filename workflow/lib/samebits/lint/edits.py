"""Edits that rules propose: of a call's argument, or around an expression."""

import ast
from typing import Any

from samebits.lint.finding import Edit, Fix
from samebits.lint.reading import Source
from samebits.lint.semantics.syntax import argument


def start(source: Source, node: Any) -> int:
    """Return the first byte of a node."""
    return source.offset(node.lineno, node.col_offset)


def end(source: Source, node: Any) -> int:
    """Return the byte after a node."""
    return source.offset(node.end_lineno, node.end_col_offset)


def replacement(source: Source, node: Any, text: str) -> Edit:
    """Return the edit that replaces a node."""
    return Edit(start(source, node), end(source, node), text)


def wrapped(source: Source, node: Any, before: str, after: str, what: str) -> Fix:
    """Return the fix that puts text around a node."""
    first, last = start(source, node), end(source, node)
    return Fix(what, (Edit(first, first, before), Edit(last, last, after)))


def with_argument(source: Source, call: ast.Call, name: str, value: str) -> Fix | None:
    """Return the fix that gives a call an argument, or replaces the one it has."""
    given = argument(call, name)
    if given is call:
        return None
    if given is not None:
        return Fix(f"set {name}={value}", (replacement(source, given, value),))
    edit = _insertion(source, call, f"{name}={value}")
    return None if edit is None else Fix(f"add {name}={value}", (edit,))


def _insertion(source: Source, call: ast.Call, text: str) -> Edit | None:
    """Return the edit that adds an argument after the last; None where that would take more than an edit."""
    close = end(source, call) - 1
    inner = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not inner:
        return Edit(close, close, text)
    if len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.GeneratorExp):
        return None  # f(x for x in y) needs parentheses first
    last = max(end(source, each) for each in inner)
    between = source.text.encode("utf-8", "surrogatepass")[last:close]
    if b"#" in between:
        return None
    if b"," not in between:
        at = last + between.rfind(b")") + 1
        return Edit(at, at, f", {text}")
    at = last + between.index(b",") + 1
    trailing = "," if b"\n" in between else ""  # one argument a line: keep the trailing comma
    return Edit(at, at, f" {text}{trailing}")
