"""SB108: an atomic addition in a custom kernel."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.catalog.entries import Effect
from samebits.lint.context import Context
from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule, Span
from samebits.lint.semantics.syntax import parent

#: floating-point sums by these depend on the order in which threads arrive
_ATOMIC: Final = re.compile(
    r"\b(atomicAdd|atomicSub|gpuAtomicAdd|gpuAtomicAddNoReturn|fastAtomicAdd|atomicAdd_block|atomicAdd_system"
    r"|red\.(?:global\.)?add\.f(?:16|32|64)|atom\.(?:global\.)?add\.f(?:16|32|64)|__hip_atomic_fetch_add"
    r"|unsafeAtomicAdd|atomic_fetch_add_explicit)\b"
)
_CODE: Final = re.compile(
    r"__global__|__device__|threadIdx|blockIdx|\bkernel\b|PYBIND11|;\s*$|ptx", re.MULTILINE
)
#: what stands before a name that is declared and not called
_DECLARED: Final = re.compile(r"\b(?:void|float|double|bool|auto|T|scalar_t|u?int\w*|at::\w+|__\w+)[ \t*&]+$")
_COMMENT: Final = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_WHAT: Final = (
    "adds in the order in which threads arrive, so a floating-point sum differs from run to run; "
    "reduce in a fixed order (a tree, or sort by key first)"
)


def _check_text(file: File, string: ast.Constant) -> Iterator[Diagnostic]:
    """Report atomic additions in the CUDA code that a file holds as text."""
    if not file.context.runs_on("cuda") or isinstance(parent(string), ast.Expr):  # a docstring
        return
    code = _without_comments(str(string.value))
    if _CODE.search(code) and (match := _ATOMIC.search(code)):
        severity = file.context.severity(Effect.VARIES, "cuda") or "note"
        yield Diagnostic(string, f"{match[1]} in CUDA code {_WHAT}", severity)


def _check_source(text: str, context: Context) -> Iterator[Diagnostic]:
    """Report atomic additions in a CUDA file."""
    severity = context.severity(Effect.VARIES, "cuda")
    if severity is None:
        return
    code = _without_comments(text)
    for match in _ATOMIC.finditer(code):
        start = match.start()
        if not _DECLARED.search(code, max(0, start - 60), start):
            line = code.count("\n", 0, start) + 1
            column = start - code.rfind("\n", 0, start) - 1
            span = Span(line, column, line, column + len(match[1]))
            yield Diagnostic(span, f"{match[1]} {_WHAT}", severity)


def _without_comments(code: str) -> str:
    """Blank comments and strings of C code, keeping every place."""
    return _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)


RULE: Final = Rule(
    code="SB108",
    name="atomic-add",
    summary="an atomic addition in a custom kernel",
    severity="error",
    why="Floating-point addition is not associative, and atomics arrive in any order.",
    bad="tl.atomic_add(out, value)",
    good="tl.store(partial + pid, value)  # and sum `partial` in a fixed order",
    source="CUDA programming guide: atomic functions",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.TEXT, _check_text, names=("tomic", ".add.f")),
        On(Event.CUDA_SOURCE, _check_source),
    ),
    words=("atomicAdd", "tomic", "asm"),
)
