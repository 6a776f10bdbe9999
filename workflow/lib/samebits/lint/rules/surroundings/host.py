"""SB506: training that depends on the host or process."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.mentions import is_in_seed, is_said
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import ancestors, scope_of

_HOSTS: Final = (
    "socket.gethostname", "socket.getfqdn", "platform.node", "platform.uname", "os.uname", "os.getpid",
    "os.getppid", "os.getlogin", "getpass.getuser",
)  # fmt: skip
_DEPTH: Final = 4


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    if path not in _HOSTS or not (file.is_ml or path != "os.getpid"):
        return
    if not _is_harmless(file, call, 0) and not is_in_seed(call):
        yield Diagnostic(
            call,
            f"{path}() differs between machines or processes, and what follows depends on it; "
            "make it a parameter",
        )


def _is_harmless(file: File, node: Any, depth: int) -> bool:
    """Tell whether a name of the host or process goes into messages, names and records only."""
    if depth > _DEPTH or is_said(node):
        return True
    for outer in ancestors(node):
        match outer:
            case ast.BinOp(op=ast.Div()):
                return True  # a folder
            case ast.Compare():
                # a process may ask whether it is still the same
                return file.path(node).startswith(("os.getpid", "os.getppid"))
            case ast.BinOp(op=ast.Mod()):
                return isinstance(outer.left, ast.Constant)
            case ast.BinOp(op=ast.Add()):
                continue
            case ast.BinOp() | ast.If() | ast.While() | ast.IfExp():
                return False
            case ast.JoinedStr() | ast.Dict() | ast.Return() | ast.FormattedValue():
                return True
            case ast.Assign():
                targets = [target for target in outer.targets if isinstance(target, ast.Name)]
                return all(_is_harmless(file, use, depth + 1) for each in targets for use in _uses(each))
            case ast.stmt():
                return True
    return True


def _uses(name: ast.Name) -> list[ast.Name]:
    """Return where a name is read after it was bound."""
    return [use for use in scope_of(name).loads.get(name.id, ()) if use.lineno >= name.lineno]


RULE: Final = Rule(
    code="SB506",
    name="host",
    summary="training that depends on the host or process",
    why="It differs between machines.",
    bad="""
        if socket.gethostname() == 'big':
            batch = 512
    """,
    good="batch = args.batch",
    source="samebits",
    listens=(On(Event.CALL, _check, names=_HOSTS),),
    words=("gethostname", "getfqdn", "node", "uname", "getpid", "getuser", "getlogin"),
)
