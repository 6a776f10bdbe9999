"""SB308: a command-line option with type=bool."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.edits import replacement
from samebits.lint.file import File
from samebits.lint.finding import Fix
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import keyword_value

#: parts of options that decide about determinism
_OPTIONS: Final = ("determin", "seed", "cuda", "gpu", "benchmark", "shuffle", "reproduc")
_READING: Final = "lambda text: text.lower() in ('1', 'true', 'yes')"


def _check(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report ``add_argument("--deterministic", type=bool)``: every text is true, also "False"."""
    kind = keyword_value(call, "type")
    if not (isinstance(kind, ast.Name) and kind.id == "bool" and call.args):
        return
    option = file.semantics.values(call.args[0]) or frozenset()
    if any(isinstance(each, str) and _decides(each) for each in option):
        yield Diagnostic(
            call,
            f'{next(iter(option))} with type=bool is true for every text, "False" too; '
            "use action=argparse.BooleanOptionalAction",
            fix=Fix("read the text", (replacement(file.source, kind, _READING),)),
        )


def _decides(option: str) -> bool:
    return any(word in option.lower() for word in _OPTIONS)


RULE: Final = Rule(
    code="SB308",
    name="bool-option",
    summary="a command-line option with type=bool",
    why="bool('False') is true: the switch cannot be turned off.",
    bad="parser.add_argument('--deterministic', type=bool)",
    good="parser.add_argument('--deterministic', action=argparse.BooleanOptionalAction)",
    source="mlf-core's templates; Python: argparse",
    listens=(On(Event.NAMED_CALL, _check, names=("add_argument",)),),
    words=("bool",),
)
