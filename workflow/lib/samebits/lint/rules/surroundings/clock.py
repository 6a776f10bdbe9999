"""SB501: time that reaches the result."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.mentions import is_in_seed
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors, leaf, parent, scope_of

_CLOCKS: Final = (
    "time.time", "time.time_ns", "time.perf_counter", "time.perf_counter_ns", "time.monotonic",
    "time.monotonic_ns", "time.process_time", "time.thread_time", "time.localtime", "time.gmtime",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow", "tensorflow.timestamp",
)  # fmt: skip
_NUMERIC: Final = ("numpy.", "torch.", "tensorflow.", "pandas.", "jax.", "sklearn.", "xgboost.", "lightgbm.")
#: numeric packages' parts in which a time is no number of the training
_RECORDING: Final = ("torch.utils.tensorboard", "torch.save")
_NAMING: Final = frozenset({"strftime", "isoformat", "ctime", "asctime"})
_CONVERSIONS: Final = ("int", "float", "round", "abs")
_SEEDERS: Final = (
    ".seed", "manual_seed", "set_seed", "default_rng", "RandomState", "seed_everything", "PRNGKey",
)  # fmt: skip
_TRAINING: Final = frozenset(
    "step backward fit train train_step train_on_batch partial_fit train_one_epoch update".split()
)
#: parts of the time of day and of dates
_CALENDAR: Final = frozenset("hour minute second microsecond day weekday month year tm_hour tm_wday".split())
_DEPTH: Final = 6


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    if path in _CLOCKS and file.is_ml and (how := _reaches(file, call, 0, False)):
        message = f"{path}() differs in every run, and {how}; count steps, or pass the time in as data"
        yield Diagnostic(call, message)


def _reaches(file: File, node: Any, depth: int, elapsed: bool) -> str:
    """Say how a time reaches a result; empty if it does not.

    Args:
        file: the file.
        node: the time, or what is computed from it.
        depth: how far it has been followed.
        elapsed: whether it is how long something took.
    """
    outer = parent(node)
    if depth > _DEPTH or outer is None:
        return ""
    match outer:
        case ast.BinOp(op=ast.Sub()):
            return _reaches(file, outer, depth + 1, True)
        case ast.BinOp(op=ast.Mod()):
            if elapsed or node is outer.right or is_in_seed(outer):  # "%s" % time.time() is text
                return ""
            return "a remainder of it is used"
        case ast.BinOp() | ast.UnaryOp() | ast.IfExp():
            return _reaches(file, outer, depth + 1, elapsed)
        case ast.List() | ast.Tuple():
            handed_on = isinstance(parent(outer), ast.Call | ast.List)
            return _reaches(file, outer, depth + 1, elapsed) if handed_on else ""
        case ast.Attribute():
            return "" if outer.attr in _NAMING else _reaches(file, outer, depth + 1, elapsed)
        case ast.Compare():
            return _decides(outer)
        case ast.Call():
            return _is_handed_to(file, node, outer, depth, elapsed)
        case ast.Assign(targets=[ast.Name() as name]):
            uses = scope_of(name).loads.get(name.id, ())
            ways = (_reaches(file, use, depth + 2, elapsed) for use in uses if use.lineno >= name.lineno)
            return next(filter(None, ways), "")
    return ""


def _is_handed_to(file: File, node: Any, call: ast.Call, depth: int, elapsed: bool) -> str:
    """Say how a time reaches a result through a call."""
    if node is call.func:
        return _reaches(file, call, depth + 1, elapsed)
    path = file.path(call.func)
    if path in _CONVERSIONS:
        return _reaches(file, call, depth + 1, elapsed)
    if elapsed or is_in_seed(call) or path.endswith(_SEEDERS):
        return ""
    if path.startswith(_NUMERIC) and not path.startswith(_RECORDING):
        return "it becomes part of the data"
    return ""


def _decides(comparison: ast.Compare) -> str:
    """Say whether a comparison with the clock decides what is computed."""
    for outer in ancestors(comparison):
        if isinstance(outer, ast.While):
            return "it decides how long is trained" if _trains(outer) else ""
        if isinstance(outer, ast.If):
            leaves = any(isinstance(each, ast.Break | ast.Return) for each in outer.body)
            loops = [each for each in ancestors(outer) if isinstance(each, ast.For | ast.While)]
            if leaves and any(map(_trains, loops)):
                return "it decides when to stop"
            return "it decides what is done" if _is_of_calendar(comparison) else ""
        if isinstance(outer, ast.IfExp):
            return "it decides what is computed" if _is_of_calendar(comparison) else ""
        if isinstance(outer, ast.stmt):
            return ""
    return ""


def _is_of_calendar(comparison: ast.Compare) -> bool:
    """Tell whether the time of day or a date is compared, and not how long something took."""
    return any(isinstance(each, ast.Attribute) and each.attr in _CALENDAR for each in ast.walk(comparison))


def _trains(loop: ast.AST) -> bool:
    """Tell whether a loop trains."""
    names = (leaf(each) for each in ast.walk(loop) if isinstance(each, ast.Call))
    return any(name in _TRAINING or "train" in name for name in names)


RULE: Final = Rule(
    code="SB501",
    name="clock",
    summary="time that reaches the result",
    why="It differs in every run.",
    bad="""
        while time.time() < deadline:
            train_step()
    """,
    good="""
        for _ in range(steps):
            train_step()
    """,
    source="samebits",
    listens=(On(Event.CALL, _check, names=_CLOCKS),),
    words=("time", "datetime", "Timestamp"),
)
