"""What differs from process to process or machine to machine: clock, identifiers, host, variables."""

import ast
import re
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.names import UNKNOWN, ancestors, scope_of

_CLOCKS: Final = frozenset(
    [
        "time.time",
        "time.time_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.process_time",
        "time.localtime",
        "time.gmtime",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "pandas.Timestamp.now",
        "pandas.Timestamp.today",
        "tensorflow.timestamp",
        "pandas.Timestamp.utcnow",
        "time.thread_time",
    ]
)
_HOSTS: Final = frozenset(
    [
        "socket.gethostname",
        "socket.getfqdn",
        "platform.node",
        "os.uname",
        "os.getpid",
        "getpass.getuser",
        "os.getlogin",
        "platform.uname",
        "os.getppid",
    ]
)
_UUIDS: Final = frozenset({"uuid.uuid1", "uuid.uuid4", "os.urandom"})
#: variables that place a process or name a folder, and change no number
_PLACES: Final = (
    "RANK", "WORLD_SIZE", "LOCAL", "MASTER", "SLURM", "CUDA_VISIBLE", "HOME", "PATH", "DIR", "TOKEN", "KEY",
    "URL", "URI",
    "PORT", "HOST", "DEBUG", "LOG", "VERBOSE", "CACHE", "USER", "TMP", "OMPI", "NODE", "PMI", "TASK",
    "RUN_ID", "JOB",
    "TIMEOUT", "COLUMNS", "LINES", "PROJECT", "ENDPOINT", "VERSION", "CI",
)  # fmt: skip
#: variables that say how something is trained
_CHOICES: Final = re.compile(
    r"LR$|^LR|RATE|EPOCH|BATCH|SEED|STEP|LAYER|HIDDEN|DROPOUT|DECAY|MOMENTUM|DIM|ALPHA|BETA|GAMMA|DEPTH|ESTIMATOR|FOLD"
    r"|SPLIT|SAMPLE|SHUFFLE|WARMUP|TEMPERATURE|AUGMENT|CLIP|EPS|SIZE|THREAD|WORKER|TRAIN|MODEL|ITER|ROUND|NUM_"
)
_SAY: Final = frozenset(
    [
        "print",
        "info",
        "debug",
        "warning",
        "error",
        "critical",
        "exception",
        "log",
        "write",
        "format",
        "echo",
        "pprint",
        "set_postfix",
        "set_description",
        "log_metric",
        "log_param",
        "add_scalar",
        "warn",
        "log_text",
        "secho",
        "rule",
    ]
)
_NUMERIC: Final = ("numpy.", "torch.", "tensorflow.", "pandas.", "jax.", "sklearn.", "xgboost.", "lightgbm.")
_NAMING: Final = frozenset({"strftime", "isoformat", "ctime", "asctime"})


def check(file: File) -> None:
    """Report what an outside changes."""
    for call, path in file.calls:
        if path in _CLOCKS:
            if file.is_ml and (how := _clock(file, call, 0, False)):
                file.report(
                    call,
                    "SB501",
                    f"{path}() differs in every run, and {how}; count steps, or pass the time in as data",
                )
        elif path in _UUIDS or (path.startswith("secrets.") and path != "secrets.compare_digest"):
            if not _in_seed(call) and not _is_only_said(call):
                file.report(
                    call,
                    "SB502",
                    f"{path}() is different in every run; derive names from the content or the seed",
                )
        elif path == "hash" and len(call.args) == 1:
            _hash(file, call)
        elif path == "id" and len(call.args) == 1:
            _id(file, call)
        elif path in _HOSTS:
            if (file.is_ml or path != "os.getpid") and not _is_harmless(file, call, 0) and not _in_seed(call):
                file.report(
                    call,
                    "SB506",
                    f"{path}() differs between machines or processes, and what follows depends on it; "
                    "make it a parameter",
                )
        elif path in ("os.getenv", "os.environ.get"):
            _variable(file, call, call.args[0] if call.args else None)
        elif path in ("sorted", "min", "max") or path.endswith((".sort", ".sort_values")):
            _key(file, call)
    for scope in _scopes(file):
        for use in (*scope.loads.get("environ", ()), *scope.loads.get("os", ())):
            outer = getattr(use, "parent", None)
            item = outer if isinstance(outer, ast.Subscript) else getattr(outer, "parent", None)
            if isinstance(item, ast.Subscript) and isinstance(item.ctx, ast.Load):
                if file.path(item.value) == "os.environ":
                    _variable(file, item, item.slice)


def _scopes(file: File) -> list[Any]:
    found = {id(file.names.module): file.names.module}
    for node, _ in file.names.functions:
        found[id(node.inner)] = node.inner  # type: ignore[union-attr]
    for owner, _ in file.names.classes:
        found[id(owner.inner)] = owner.inner  # type: ignore[attr-defined]
    for loop in file.names.loops:
        scope = getattr(loop, "scope", None)
        if scope is not None:
            found[id(scope)] = scope
    return list(found.values())


def _clock(file: File, node: Any, depth: int, elapsed: bool) -> str:
    """Say how a time reaches a result, or nothing."""
    parent = getattr(node, "parent", None)
    if depth > 6 or parent is None:
        return ""
    match parent:
        case ast.BinOp(op=ast.Sub()):
            return _clock(file, parent, depth + 1, True)
        case ast.BinOp(op=ast.Mod()):
            if elapsed or node is parent.right or _in_seed(parent):  # "%s" % time.time() is text
                return ""
            return "a remainder of it is used"
        case ast.BinOp() | ast.UnaryOp() | ast.IfExp() | ast.FormattedValue():
            return "" if isinstance(parent, ast.FormattedValue) else _clock(file, parent, depth + 1, elapsed)
        case ast.List() | ast.Tuple():
            outer = getattr(parent, "parent", None)
            return _clock(file, parent, depth + 1, elapsed) if isinstance(outer, ast.Call | ast.List) else ""
        case ast.Attribute():
            if parent.attr in _NAMING:
                return ""
            return _clock(file, parent, depth + 1, elapsed)
        case ast.Compare():
            return _compared(parent, elapsed)
        case ast.Call():
            if node is parent.func:
                return _clock(file, parent, depth + 1, elapsed)
            path = file.path(parent.func)
            if path in ("int", "float", "str", "round", "abs"):
                return "" if path == "str" else _clock(file, parent, depth + 1, elapsed)
            if elapsed or _in_seed(parent) or _is_seeder(path):
                return ""
            if path.startswith(_NUMERIC) and not path.startswith(("torch.utils.tensorboard", "torch.save")):
                return "it becomes part of the data"
            return ""
        case ast.Assign(targets=[ast.Name() as name]):
            scope = scope_of(name)
            for use in scope.loads.get(name.id, ()):
                if use.lineno >= name.lineno and (how := _clock(file, use, depth + 2, elapsed)):
                    return how
            return ""
    return ""


def _is_seeder(path: str) -> bool:
    return path.endswith(
        (".seed", "manual_seed", "set_seed", "default_rng", "RandomState", "seed_everything", "PRNGKey")
    )


def _compared(node: Any, elapsed: bool) -> str:
    """Say whether a comparison with the clock decides what is computed."""
    for outer in ancestors(node):
        if isinstance(outer, ast.While):
            return "it decides how long is trained" if _trains(outer) else ""
        if isinstance(outer, ast.If):
            leaves = any(isinstance(each, ast.Break | ast.Return) for each in outer.body)
            loops = [each for each in ancestors(outer) if isinstance(each, ast.For | ast.While)]
            if leaves and any(map(_trains, loops)):
                return "it decides when to stop"
            return "it decides what is done" if _is_hour(node) else ""
        if isinstance(outer, ast.IfExp):
            return "it decides what is computed" if _is_hour(node) else ""
        if isinstance(outer, ast.stmt):
            return ""
    return ""


def _is_hour(comparison: ast.AST) -> bool:
    """Tell whether the time of day or a date is compared, and not how long something took."""
    parts = {
        "hour",
        "minute",
        "second",
        "microsecond",
        "day",
        "weekday",
        "month",
        "year",
        "tm_hour",
        "tm_wday",
    }
    return any(isinstance(each, ast.Attribute) and each.attr in parts for each in ast.walk(comparison))


def _trains(loop: ast.AST) -> bool:
    names = {
        "step",
        "backward",
        "fit",
        "train",
        "train_step",
        "train_on_batch",
        "partial_fit",
        "train_one_epoch",
        "update",
    }
    for each in ast.walk(loop):
        if isinstance(each, ast.Call):
            function = each.func
            leaf = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if leaf in names or "train" in leaf:
                return True
    return False


def _in_seed(node: Any) -> bool:
    """Tell whether a node stands where a seed is made, which SB202 reports."""
    for outer in ancestors(node):
        if (
            isinstance(outer, ast.keyword)
            and outer.arg
            and ("seed" in outer.arg or outer.arg == "random_state")
        ):
            return True
        if isinstance(outer, ast.Call):
            function = outer.func
            leaf = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if "seed" in leaf.lower() or leaf in (
                "default_rng",
                "RandomState",
                "PRNGKey",
                "Random",
                "Generator",
            ):
                return True
        if isinstance(outer, ast.Assign):
            return any("seed" in str(getattr(t, "id", getattr(t, "attr", ""))).lower() for t in outer.targets)
        if isinstance(outer, ast.stmt):
            return False
    return False


def _is_said(node: Any) -> bool:
    """Tell whether a value only goes into a message."""
    for outer in ancestors(node):
        if isinstance(outer, ast.Call):
            function = outer.func
            leaf = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if leaf in _SAY:
                return True
        if isinstance(outer, ast.stmt):
            return isinstance(outer, ast.Raise)
    return False


def _is_only_said(node: Any) -> bool:
    """Tell whether a value, or the name that it is given, only goes into messages."""
    if _is_said(node):
        return True
    parent = getattr(node, "parent", None)
    if not isinstance(parent, ast.Assign):
        return False
    names = [target for target in parent.targets if isinstance(target, ast.Name)]
    uses = [use for name in names for use in scope_of(name).loads.get(name.id, ()) if use is not name]
    return len(names) == len(parent.targets) and bool(uses) and all(map(_is_said, uses))


def _is_harmless(file: File, node: Any, depth: int) -> bool:
    """Tell whether a name of the host or process goes into messages, names and records only."""
    if depth > 4 or _is_said(node):
        return True
    for outer in ancestors(node):
        if isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Div):
            return True  # a folder
        if isinstance(outer, ast.Compare) and file.path(node).startswith(("os.getpid", "os.getppid")):
            return True  # asks whether it is still the same process
        if isinstance(outer, ast.Compare | ast.BinOp) and not isinstance(
            getattr(outer, "op", None), ast.Add | ast.Mod
        ):
            return False
        if isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Mod):
            return isinstance(outer.left, ast.Constant)
        if isinstance(outer, ast.JoinedStr | ast.Dict | ast.Return | ast.FormattedValue):
            return True
        if isinstance(outer, ast.Assign):
            targets = [t for t in outer.targets if isinstance(t, ast.Name)]
            uses = [u for t in targets for u in scope_of(t).loads.get(t.id, ()) if u.lineno >= t.lineno]
            return all(_is_harmless(file, use, depth + 1) for use in uses)
        if isinstance(outer, ast.If | ast.While | ast.IfExp):
            return False
        if isinstance(outer, ast.stmt):
            return True
    return True


def _hash(file: File, call: ast.Call) -> None:
    """Report hash() of what may be text: it differs between processes unless PYTHONHASHSEED is set."""
    given = call.args[0]
    if file.context.sealed:
        return
    values = file.names.values(given)
    if values is not None and all(isinstance(value, int | float) for value in values):
        return
    if file.path(given).startswith(("int()", "float()", "len()", "range()", "bool()")):
        return
    for outer in ancestors(call):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and "hash" in outer.name.lower():
            return
        if isinstance(outer, ast.Compare) and not any(isinstance(o, ast.BinOp) for o in ancestors(call)):
            if all(isinstance(side, ast.Call) for side in (outer.left, *outer.comparators)):
                return
    if isinstance(getattr(call, "parent", None), ast.Expr):
        return  # only asks whether it can be hashed
    if _in_seed(call):
        return
    file.report(
        call,
        "SB503",
        "hash() of text differs between processes unless PYTHONHASHSEED is set before Python starts; "
        "use hashlib or zlib.crc32",
    )


def _id(file: File, call: ast.Call) -> None:
    """Report id() where its value, an address, reaches a number or an order."""
    parent = getattr(call, "parent", None)
    arithmetic = isinstance(parent, ast.BinOp) and isinstance(
        parent.op, ast.Mod | ast.Add | ast.Mult | ast.BitXor | ast.BitAnd
    )
    if arithmetic and not (isinstance(parent.op, ast.Mod) and parent.right is call):  # type: ignore[union-attr]
        if isinstance(parent.op, ast.Add) and _is_text(file, parent):  # type: ignore[union-attr]
            return
        _report_id(file, call)
    elif isinstance(parent, ast.Call) and call in parent.args:
        path = file.path(parent.func)
        if path.startswith(_NUMERIC) and path.endswith(
            (".tensor", ".array", ".asarray", ".as_tensor", ".full")
        ):
            _report_id(file, call)


def _is_text(file: File, node: Any) -> bool:
    return any(file.path(side).startswith("str()") for side in (node.left, node.right))


def _report_id(file: File, node: Any) -> None:
    file.report(
        node, "SB504", "id() is an address and differs in every process; use an index, a name or a digest"
    )


def _key(file: File, call: ast.Call) -> None:
    """Report sorting by address or by hash."""
    key = next((k.value for k in call.keywords if k.arg == "key"), None)
    if key is None:
        return
    if isinstance(key, ast.Name) and key.id in ("id", "hash") and file.path(key) == key.id:
        if key.id == "id":
            _report_id(file, key)
        elif not file.context.sealed:
            file.report(
                key, "SB503", "an order by hash() differs between processes; sort by the value itself"
            )
    elif isinstance(key, ast.Lambda):
        for each in ast.walk(key.body):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "id":
                _report_id(file, each)


def _variable(file: File, node: Any, name: Any) -> None:
    """Report an environment variable that becomes a number or a choice in training code."""
    if not file.is_ml:
        return
    names = file.names.values(name) if name is not None else None
    text = next(iter(names)) if names and len(names) == 1 else None
    if not isinstance(text, str):
        return
    if not file.context.sealed and any(word in text.upper() for word in _PLACES):
        return
    if file.context.sealed or (_CHOICES.search(text.upper()) and _is_converted(node)):
        file.report(
            node,
            "SB505",
            f"the variable {text} of the environment decides about the training and is recorded nowhere; "
            "make it a parameter",
        )


def _is_converted(node: Any) -> bool:
    parent = getattr(node, "parent", None)
    if isinstance(parent, ast.BoolOp):
        parent = getattr(parent, "parent", None)
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name | ast.Attribute):
        function = parent.func
        leaf = function.attr if isinstance(function, ast.Attribute) else function.id
        return leaf in ("int", "float", "bool", "eval", "literal_eval", "loads")
    return False


__all__ = ["UNKNOWN", "check"]
