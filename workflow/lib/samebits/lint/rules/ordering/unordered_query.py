"""SB408: rows of a query without ORDER BY."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import parent

_READERS: Final = ("pandas.read_sql", "pandas.read_sql_query", "polars.read_database")
_AGGREGATE: Final = re.compile(r"select (count|sum|min|max|avg)\(")


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a query that asks for rows and not for their order."""
    if path not in _READERS or not call.args:
        return
    if any(map(_is_unordered, file.semantics.values(call.args[0]) or ())):
        if "sort" not in getattr(parent(call), "attr", ""):
            yield Diagnostic(call, "a query without ORDER BY returns rows in any order; add ORDER BY")


def _is_unordered(query: object) -> bool:
    text = " ".join(str(query).lower().split())
    if not text.startswith(("select ", "with ")) or " from " not in text or "order by" in text:
        return False
    return "group by" in text or not _AGGREGATE.match(text)


RULE: Final = Rule(
    code="SB408",
    name="unordered-query",
    summary="rows of a query without ORDER BY",
    why="A database returns rows in any order.",
    bad="pd.read_sql('SELECT * FROM samples', db)",
    good="pd.read_sql('SELECT * FROM samples ORDER BY id', db)",
    source="SQL:2016, 7.17",
    listens=(On(Event.CALL, _check, names=_READERS),),
    words=("read_sql", "read_sql_query"),
)
