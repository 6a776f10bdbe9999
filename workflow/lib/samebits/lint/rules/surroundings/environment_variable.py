"""SB505: training that a variable of the environment decides."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.scopes import Scope
from samebits.lint.semantics.syntax import leaf, parent

#: parts of variables that place a process or name a folder, and change no number
_PLACING: Final = (
    "RANK", "WORLD_SIZE", "LOCAL", "MASTER", "SLURM", "CUDA_VISIBLE", "HOME", "PATH", "DIR", "TOKEN", "KEY",
    "URL", "URI", "PORT", "HOST", "DEBUG", "LOG", "VERBOSE", "CACHE", "USER", "TMP", "OMPI", "NODE", "PMI",
    "TASK", "RUN_ID", "JOB", "TIMEOUT", "COLUMNS", "LINES", "PROJECT", "ENDPOINT", "VERSION", "CI",
)  # fmt: skip
#: variables that say how something is trained
_CHOICES: Final = re.compile(
    r"LR$|^LR|RATE|EPOCH|BATCH|SEED|STEP|LAYER|HIDDEN|DROPOUT|DECAY|MOMENTUM|DIM|ALPHA|BETA|GAMMA|DEPTH|ESTIMATOR|FOLD"
    r"|SPLIT|SAMPLE|SHUFFLE|WARMUP|TEMPERATURE|AUGMENT|CLIP|EPS|SIZE|THREAD|WORKER|TRAIN|MODEL|ITER|ROUND|NUM_"
)
_READERS: Final = ("os.getenv", "os.environ.get")
_CONVERSIONS: Final = ("int", "float", "bool", "eval", "literal_eval", "loads")


def _check_call(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a variable that is read by a call."""
    if path in _READERS and call.args:
        yield from _report(file, call, call.args[0])


def _check_items(file: File) -> Iterator[Diagnostic]:
    """Report variables that are read as ``os.environ[name]``."""
    if not file.is_ml:
        return
    for scope in _scopes(file):
        for use in (*scope.loads.get("environ", ()), *scope.loads.get("os", ())):
            outer = parent(use)
            item = outer if isinstance(outer, ast.Subscript) else parent(outer)
            if isinstance(item, ast.Subscript) and isinstance(item.ctx, ast.Load):
                if file.path(item.value) == "os.environ":
                    yield from _report(file, item, item.slice)


def _scopes(file: File) -> list[Scope]:
    """Return the scopes of the file in which a variable may be read, each once."""
    nodes = file.semantics.nodes
    scopes: list[Any] = [nodes.module]
    scopes += [each.inner for each in (*nodes.functions, *nodes.classes)]  # type: ignore[union-attr]
    scopes += [each.scope for each in nodes.loops]
    return list(dict.fromkeys(scopes))


def _report(file: File, node: Any, name: Any) -> Iterator[Diagnostic]:
    """Report an environment variable that becomes a number or a choice in training code."""
    variable = file.semantics.value(name)
    if not file.is_ml or not isinstance(variable, str):
        return
    if file.context.sealed or _decides(variable.upper(), node):
        yield Diagnostic(
            node,
            f"the variable {variable} of the environment decides about the training and is recorded nowhere; "
            "make it a parameter",
        )


def _decides(variable: str, node: Any) -> bool:
    """Tell whether a variable says how something is trained, and is converted."""
    if any(word in variable for word in _PLACING) or not _CHOICES.search(variable):
        return False
    outer = parent(node)
    if isinstance(outer, ast.BoolOp):
        outer = parent(outer)
    return isinstance(outer, ast.Call) and leaf(outer) in _CONVERSIONS


RULE: Final = Rule(
    code="SB505",
    name="environment-variable",
    summary="training that a variable of the environment decides",
    why="No spec, log or package records it.",
    bad="lr = float(os.environ['LR'])",
    good="parser.add_argument('--lr', type=float)",
    source="samebits",
    listens=(
        On(Event.CALL, _check_call, names=_READERS),
        On(Event.FILE, _check_items),
    ),
    words=("environ", "getenv"),
)
