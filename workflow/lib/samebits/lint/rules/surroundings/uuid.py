"""SB502: an identifier that is new in every run."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.questions.mentions import is_in_seed, is_only_said
from samebits.lint.rule import Diagnostic, Event, On, Rule

_NAMES: Final = (
    "uuid.uuid1", "uuid.uuid4", "os.urandom", "secrets.randbits", "secrets.token_hex", "secrets.token_bytes",
    "secrets.token_urlsafe", "secrets.choice", "secrets.randbelow",
)  # fmt: skip


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    new = path in _NAMES or (path.startswith("secrets.") and path != "secrets.compare_digest")
    if new and not is_in_seed(call) and not is_only_said(call):
        message = f"{path}() is different in every run; derive names from the content or the seed"
        yield Diagnostic(call, message)


RULE: Final = Rule(
    code="SB502",
    name="uuid",
    summary="an identifier that is new in every run",
    why="Names and keys made from it differ in every run.",
    bad="name = f'model-{uuid.uuid4()}'",
    good="name = f'model-{digest}'",
    source="Python: uuid",
    listens=(On(Event.CALL, _check, names=_NAMES, beginnings=("secrets.",)),),
    words=("uuid", "urandom", "secrets"),
)
