"""SB306: a function that is assigned to instead of called."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog.matching import Assigned
from samebits.lint.edits import end
from samebits.lint.file import File
from samebits.lint.finding import Edit, Fix
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check(file: File, assigned: Assigned) -> Iterator[Diagnostic]:
    value = _value(file, assigned)
    yield Diagnostic(
        assigned.node,
        f"{assigned.path} is a function: assigning to it replaces it and sets nothing; "
        f"call {assigned.path}({value})",
        fix=_call(file, assigned, value),
    )


def _value(file: File, assigned: Assigned) -> str:
    """Return what stands after the equals sign, with its own parentheses."""
    raw = file.source.text.encode("utf-8", "surrogatepass")
    text = raw[end(file.source, assigned.target) : end(file.source, assigned.node)]
    return text.decode("utf-8", "surrogatepass").partition("=")[2].strip()


def _call(file: File, assigned: Assigned, value: str) -> Fix | None:
    """Return the fix that calls the setter; none where several are assigned to at once."""
    node = assigned.node
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return None
    edit = Edit(end(file.source, assigned.target), end(file.source, node), f"({value})")
    return Fix("call the setter", (edit,))


RULE: Final = Rule(
    code="SB306",
    name="assigned-setter",
    summary="a function that is assigned to instead of called",
    severity="error",
    why="The function is replaced, and nothing is set.",
    bad="tf.config.threading.set_intra_op_parallelism_threads = 1",
    good="tf.config.threading.set_intra_op_parallelism_threads(1)",
    source="mlf-core's templates",
    listens=(On(Event.SETTER, _check),),
)
