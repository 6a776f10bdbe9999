"""SB508: packages of whatever version is newest."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule, Span

_INSTALL: Final = re.compile(
    r"^\s*[!%]?\s*(?:sys\.executable\s+|\S*python\d?(?:\.\d+)?\s+)?(?:-m\s+)?(?:uv\s+)?"
    r"(?:pip3?|conda|mamba)\s+install\b(?P<rest>.*)$"
)
_PINNED: Final = re.compile(
    r"==|@|--require-hashes|\.whl\b|\.lock\b|\s-r\s|--requirement|\s-e\b|\s\.\s*$|\s\.\[|--no-deps"
)
_REQUIREMENT: Final = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*([^#;@]*)")
#: calls that start a command
_STARTERS: Final = ("system", "run", "check_call", "call", "check_output", "Popen", "getoutput", "main")
_LOCKS: Final = (
    "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "requirements.lock", "pixi.lock",
    "pylock.toml",
)  # fmt: skip
_MESSAGE: Final = (
    "this installs whatever version is newest on that day; install from a lock, or write ==VERSION"
)


def _check_cells(file: File) -> Iterator[Diagnostic]:
    """Report ``!pip install`` and the like in a notebook."""
    if file.source.notebook is None:
        return
    for number, line in enumerate(file.source.lines, 1):
        if line.lstrip().startswith(("!", "%")) and _installs_newest(line):
            yield Diagnostic(Span(number, 0, number, len(line.encode())), _MESSAGE)


def _check_call(file: File, call: ast.Call) -> Iterator[Diagnostic]:
    """Report a call that starts such a command."""
    path = file.path(call.func)
    if path.startswith(("os.system", "subprocess.", "pip.")) and call.args:
        if _installs_newest(_command(file, call.args[0], path)):
            yield Diagnostic(call, _MESSAGE)


def _installs_newest(command: str) -> bool:
    match = _INSTALL.match(command)
    return match is not None and not _PINNED.search(match["rest"] + " ")


def _command(file: File, node: ast.expr, path: str) -> str:
    """Return a command as one line; ``?`` stands for a word that is not known."""
    if not isinstance(node, ast.List | ast.Tuple):
        command = file.semantics.value(node)
        return "" if command is None else str(command)
    words = []
    for index, each in enumerate(node.elts):
        word = file.semantics.value(each)
        words.append(str(word) if word is not None else "?" if index else "python")
    return ("pip " if path.startswith("pip.") else "") + " ".join(words)


def _check_requirements(path: Path, text: str) -> Iterator[Diagnostic]:
    """Report requirements without a version, where neither hashes nor a lock give it."""
    if any((path.parent / lock).exists() for lock in _LOCKS) or "--hash=" in text:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", "-")) or "://" in line or " @ " in line or not line.strip():
            continue
        match = _REQUIREMENT.match(line)
        if match and "==" not in match[3]:
            message = f"{match[1]} has no fixed version; write {match[1]}==VERSION, or use a lock"
            yield Diagnostic(Span(number, 0, number, len(line[:400])), message)


RULE: Final = Rule(
    code="SB508",
    name="unlocked",
    summary="packages of whatever version is newest",
    why="The same code runs with other libraries next month.",
    bad="!pip install torch",
    good="!pip install torch==2.13.0",
    source="pip: repeatable installs",
    listens=(
        On(Event.FILE, _check_cells),
        On(Event.NAMED_CALL, _check_call, names=_STARTERS),
        On(Event.REQUIREMENTS, _check_requirements),
    ),
    words=("install",),
)
