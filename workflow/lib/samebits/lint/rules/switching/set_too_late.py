"""SB305: an environment variable that is set after it was read."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.training import first_use_of_cuda
from samebits.lint.questions.variables import SetVariable
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors


def _check(file: File, variable: SetVariable) -> Iterator[Diagnostic]:
    name, known = variable.name, variable.known(file)
    if known is None:
        return
    if file.context.sealed:
        message = f"{name} belongs to the seal, which has set it before Python started; leave it out"
        yield Diagnostic(variable.node, message)
    elif variable.is_off(file):
        return  # SB302 tells of it
    elif not known.readers:
        message = f"{name} is set too late: {known.what}; set it before Python starts"
        yield Diagnostic(variable.node, message)
    elif reader := next(filter(None, (_read_by(file, each, variable.node) for each in known.readers)), ""):
        yield Diagnostic(
            variable.node,
            f"{name} is set too late: {reader}, and {known.what}; "
            "set it before, best in the environment that starts Python",
        )


def _read_by(file: File, reader: str, node: Any) -> str:
    """Say where a reader has read the variable before a node; empty if it has not."""
    inside = any(isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) for outer in ancestors(node))
    if reader == "cuda":
        line = None if inside else first_use_of_cuda(file, node.lineno)
    else:
        line = file.semantics.nodes.imports.get(reader)
    if line is None or not (inside or line < node.lineno):
        return ""
    return f"CUDA is used in line {line}" if reader == "cuda" else f"{reader} is imported in line {line}"


RULE: Final = Rule(
    code="SB305",
    name="set-too-late",
    summary="an environment variable that is set after it was read",
    why="It changes nothing, and looks as if it did.",
    bad="""
        import os
        os.environ['PYTHONHASHSEED'] = '0'
    """,
    good="PYTHONHASHSEED=0 python train.py",
    source="Python: PYTHONHASHSEED; OpenMP; TensorFlow",
    listens=(On(Event.VARIABLE, _check),),
    words=("environ",),
)
