"""SB903: safetensors with several metadata keys."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import argument


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report several metadata keys, which safetensors writes in another order in every process."""
    if path.startswith("safetensors.") and _count(file, argument(call, "metadata", 2), call) > 1:
        yield Diagnostic(
            call,
            "safetensors writes several metadata keys in another order in every process; "
            "put one JSON text under one key",
        )


def _count(file: File, metadata: Any, call: ast.Call) -> int:
    """Return how many keys are clearly in the metadata."""
    table = file.semantics.literal(metadata) if metadata not in (None, call) else None
    if isinstance(table, ast.Dict):
        return len(table.keys)
    return len(table.keywords) if isinstance(table, ast.Call) else 0


RULE: Final = Rule(
    code="SB903",
    name="metadata-order",
    summary="safetensors with several metadata keys",
    severity="note",
    why="They are written in another order in every process.",
    bad="save_file(tensors, path, metadata={'a': '1', 'b': '2'})",
    good="save_file(tensors, path, metadata={'info': json.dumps(info, sort_keys=True)})",
    source="measured",
    listens=(On(Event.CALL, _check, names=("save_file", "save")),),
)
