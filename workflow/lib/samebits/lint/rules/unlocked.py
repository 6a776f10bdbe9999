"""Environments that nothing locks: packages installed while the code runs, requirements without versions."""

import ast
import re
from pathlib import Path
from typing import Final

from samebits.lint.file import File

_INSTALL: Final = re.compile(
    r"^\s*[!%]?\s*(?:sys\.executable\s+|\S*python\d?(?:\.\d+)?\s+)?(?:-m\s+)?(?:uv\s+)?"
    r"(?:pip3?|conda|mamba)\s+install\b(?P<rest>.*)$"
)
_PINNED: Final = re.compile(
    r"==|@|--require-hashes|\.whl\b|\.lock\b|\s-r\s|--requirement|\s-e\b|\s\.\s*$|\s\.\[|--no-deps"
)
_REQUIREMENT: Final = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*([^#;@]*)")
LOCKS: Final = tuple(
    [
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile.lock",
        "conda-lock.yml",
        "requirements.lock",
        "pixi.lock",
        "pylock.toml",
    ]
)


def check(file: File) -> None:
    """Report installations of whatever version is newest."""
    if file.source.notebook is not None:
        for number, line in enumerate(file.source.lines, 1):
            if line.lstrip().startswith(("!", "%")) and (match := _INSTALL.match(line)):
                if not _PINNED.search(match["rest"] + " "):
                    _report(file, (number, 0), (number, len(line.encode())))
    for leaf in ("system", "run", "check_call", "call", "check_output", "Popen", "getoutput", "main"):
        for call in file.names.calls_of.get(leaf, ()):
            path = file.path(call.func)
            if not path.startswith(("os.system", "subprocess.", "pip.")) or not call.args:
                continue
            if (command := _command(file, call.args[0], path)) and (match := _INSTALL.match(command)):
                if not _PINNED.search(match["rest"] + " "):
                    _report(
                        file, (call.lineno, call.col_offset), (call.end_lineno or 0, call.end_col_offset or 0)
                    )


def _report(file: File, start: tuple[int, int], end: tuple[int, int]) -> None:
    message = "this installs whatever version is newest on that day; install from a lock, or write ==VERSION"
    file.add("SB508", message, file.catalog.rules["SB508"].severity, start, end)


def _command(file: File, node: ast.expr, path: str) -> str:
    if isinstance(node, ast.List | ast.Tuple):
        words = []
        for each in node.elts:
            values = file.names.values(each)
            word = next(iter(values)) if values and len(values) == 1 else None
            words.append(str(word) if word is not None else "python" if each is node.elts[0] else "?")
        return ("pip " if path.startswith("pip.") else "") + " ".join(words)
    values = file.names.values(node)
    return str(next(iter(values))) if values and len(values) == 1 else ""


def requirements(path: Path, text: str) -> list[tuple[int, str]]:
    """Find requirements without a version in a ``requirements.txt``: lines from 1, and the message."""
    if any((path.parent / lock).exists() for lock in LOCKS) or "--hash=" in text:
        return []
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", "-")) or "://" in line or " @ " in line or not line.strip():
            continue
        match = _REQUIREMENT.match(line)
        if match and "==" not in match[3]:
            found.append(
                (number, f"{match[1]} has no fixed version; write {match[1]}==VERSION, or use a lock")
            )
    return found
