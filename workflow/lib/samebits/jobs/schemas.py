"""The JSON Schemas of all that samebits reads and writes as JSON, made from the types that read it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from samebits import config
from samebits.proof.sample import Sample
from samebits.proof.verdict import Verdict
from samebits.receipt.statement import Receipt
from samebits.sealed import files
from samebits.sealed.fingerprint import Fingerprint
from samebits.sealed.spec import Spec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _of(kind: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"$schema": _DIALECT, **_brief(TypeAdapter(_readable(kind)).json_schema())}


def _readable(kind: Any) -> Any:
    """Return a type as Pydantic reads it: on Python 3.11 it takes no TypedDict of the standard library."""
    if not is_typeddict(kind):
        return kind
    hints = {key: _readable(each) for key, each in get_type_hints(kind, include_extras=True).items()}
    copy: Any = TypedDict(kind.__name__, hints)  # type: ignore[misc]
    copy.__doc__ = kind.__doc__
    return copy


#: path in the repository -> what makes the schema there
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "workflow/schemas/config.schema.json": config.schema,
    "docs/formats/spec.schema.json": _of(Spec),
    "docs/formats/fingerprint.schema.json": _of(Fingerprint),
    "docs/formats/sample.schema.json": _of(Sample),
    "docs/formats/verdict.schema.json": _of(Verdict),
    "docs/formats/receipt.schema.json": _of(Receipt),
}


def write(root: Path) -> None:
    """Write all schemas below a checkout."""
    for path, make in SCHEMAS.items():
        files.write(root / path, text(make()))


def text(schema: dict[str, Any]) -> str:
    """Write a schema as the repository holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _brief(schema: Any) -> Any:
    """Cut descriptions after their first paragraph: what follows in a docstring describes the fields."""
    if isinstance(schema, list):
        return [_brief(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    brief = {key: _brief(each) for key, each in schema.items()}
    if isinstance(description := brief.get("description"), str):
        brief["description"] = " ".join(description.split("\n\n")[0].split())
    return brief
