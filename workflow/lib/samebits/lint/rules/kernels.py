"""Custom kernels: atomic additions in CUDA, HIP and Triton code, whose order decides the sum."""

import ast
import re
from typing import Final

from samebits.lint.file import File

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


def check(file: File) -> None:
    """Report atomic additions in the CUDA code that a file holds as text."""
    if not file.context.runs_on("cuda"):
        return
    for string in file.names.strings:
        text = str(string.value)
        if "tomic" in text or ".add.f" in text:
            _text(file, string, text)


def _text(file: File, string: ast.Constant, text: str) -> None:
    parent = getattr(string, "parent", None)
    if isinstance(parent, ast.Expr):
        return  # a docstring
    code = without_comments(text)
    if _CODE.search(code) and (match := _ATOMIC.search(code)):
        file.report(string, "SB108", f"{match[1]} in CUDA code {_WHAT}", _severity(file))


def _severity(file: File) -> str:
    return file.context.severity("varies", "cuda") or "note"


def native(text: str) -> list[tuple[int, int, int, str]]:
    """Find atomic additions in a CUDA file: line and columns from 1, and the message."""
    code = without_comments(text)
    found = []
    for match in _ATOMIC.finditer(code):
        if _DECLARED.search(code, max(0, match.start() - 60), match.start()):
            continue
        line = code.count("\n", 0, match.start()) + 1
        column = match.start() - code.rfind("\n", 0, match.start())
        found.append((line, column, column + len(match[1]), f"{match[1]} {_WHAT}"))
    return found


def without_comments(text: str) -> str:
    """Blank comments and strings of C code, keeping every place."""
    return _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
