"""One file, linted: from its bytes to findings, and to the facts that others need to know of it."""

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from samebits.lint import catalog as catalogs
from samebits.lint.context import Context
from samebits.lint.file import File
from samebits.lint.finding import Finding
from samebits.lint.names import Names
from samebits.lint.rules import (
    calls,
    environment,
    kernels,
    order,
    placement,
    seeds,
    serialisation,
    settings,
    unlocked,
)
from samebits.lint.source import Source, Unreadable

_RULES: Final = (calls, settings, seeds, order, environment, kernels, serialisation, placement, unlocked)


@dataclass(frozen=True)
class Analysis:
    """What is known of a file on its own; what depends on the rest of the project is settled later.

    Attributes:
        findings: in no order.
        facts: what it does for the project, such as seeding.
        modules: all modules it imports, in full.
    """

    findings: tuple[Finding, ...]
    facts: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()


def analyse(
    source: Source,
    context: Context,
    package: str = "",
    imported: Callable[[str, str], str | None] = lambda module, name: None,
    is_local: Callable[[str], bool] = lambda module: False,
) -> Analysis:
    """Lint one source; what it imports is never run.

    Args:
        source: the text.
        context: where it is to run.
        package: the dotted package it is in.
        imported: gives the path of a name in another module of the project, or None.
        is_local: tells whether a module is of the project.
    """
    catalog = catalogs.load()
    try:
        tree = parse(source)
        if not _may_concern(source.text):
            modules = frozenset(_imported_modules(source.text, package))
            if not any(map(is_local, modules)):  # a name of the project may stand for anything
                return Analysis((), modules=modules)
        names = Names(tree, package, imported, is_local)
        file = File(source, names, context, catalog)
        for rule in _RULES:
            rule.check(file)
        return Analysis(
            tuple(dict.fromkeys(file.findings)),
            frozenset(file.facts),
            frozenset(names.modules),
        )
    except Unreadable as error:
        return Analysis((unreadable(source.path, error, source),))
    except RecursionError:
        return Analysis(
            (unreadable(source.path, Unreadable("its code is nested too deeply to be analysed; split it")),)
        )


def parse(source: Source) -> ast.Module:
    """Parse a source.

    Raises:
        Unreadable: it is not Python; says where.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.text)
    except SyntaxError as error:
        line = max(1, error.lineno or 1)
        cell, _ = source.place(line)
        where = f"cell {cell}, " if cell else ""
        raise Unreadable(
            f"it is not Python 3.11: {where}{error.msg}", line, max(1, error.offset or 1)
        ) from None
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise Unreadable(f"it cannot be parsed: {error or 'nested too deeply'}") from None


def unreadable(path: str, error: Unreadable, source: Source | None = None) -> Finding:
    """Return the finding for a file that cannot be analysed."""
    cell, line = source.place(error.line) if source is not None else (0, error.line)
    excerpt = ""
    if source is not None and error.line <= len(source.lines):
        excerpt = source.lines[error.line - 1][:400]
    return Finding(
        path, line, error.column, line, error.column + 1, "SB001", "error", str(error), excerpt, cell
    )


def exports(names: Names) -> dict[str, str]:
    """Return what a module's names stand for, where that is something of another package."""
    found = {}
    for name, bounds in names.module.bindings.items():
        if name == "*":
            continue
        path = names.bound_path(bounds[-1])
        if not path.startswith(("?", "local:")) and "." in path:
            found[name] = path
        elif path.startswith("local:") and (function := names.function(path)) is not None:
            given = {names.path(each) for each in names.returned(function)}
            if len(given) == 1 and "." in (one := given.pop()) and not one.startswith(("?", "local:")):
                found[name] = f"->{one}"
    return found


#: what rules look for besides the names in the catalogs
_OWN: Final = frozenset(
    [
        "set",
        "frozenset",
        "Set",
        "environ",
        "getenv",
        "hash",
        "id",
        "uuid",
        "urandom",
        "secrets",
        "gethostname",
        "getfqdn",
        "node",
        "uname",
        "getpid",
        "getuser",
        "getlogin",
        "time",
        "datetime",
        "Timestamp",
        "random_state",
        "seed",
        "Seed",
        "hashlib",
        "filecmp",
        "crc32",
        "distributed",
        "install",
        "bool",
        "samebits",
        "__import__",
        "import_module",
        "getattr",
        "read_sql",
        "read_sql_query",
        "Queue",
        "cudnn",
        "Trainer",
        "backward",
        "atomicAdd",
        "tomic",
        "cuda",
        "asm",
    ]
)
#: names in the catalogs that are words of any program; they count where one of the libraries is named, too
_COMMON: Final = frozenset(
    [
        "add",
        "apply",
        "filter",
        "map",
        "take",
        "sample",
        "shuffle",
        "choice",
        "batch",
        "compile",
        "train",
        "scatter",
        "gather",
        "wait",
        "walk",
        "glob",
        "random",
        "normal",
        "uniform",
        "unique",
        "multiply",
        "mul",
        "dump",
        "dumps",
        "seed",
        "jit",
        "call",
        "permutation",
        "flags",
        "cv",
        "rand",
        "bytes",
        "adapt",
        "save",
        "log",
        "median",
    ]
)
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import|import[ \t]+([\w., \t]+))", re.MULTILINE
)


#: a set that is written out where it is named, read or handed on; no word tells of it
_SET: Final = re.compile(r"(?:\bin|[\w\])]\s*=|\()\s*\{[^{}:]*(?:,|\bfor\b)[^{}:]*\}")


@cache
def _triggers() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    known = catalogs.load()
    words = {*known.entries_by_leaf, *known.facts_by_leaf}
    words |= {name.rpartition(".")[2] for each in known.settings for name in each.names}
    words |= {name.rpartition(".")[2] for name in known.setters} | set(known.variables)
    roots = {name.partition(".")[0] for each in known.entries for name in (*each.names, *each.on)}
    return frozenset(words - _COMMON) | _OWN, _COMMON, known.frameworks | roots


def _may_concern(text: str) -> bool:
    """Tell quickly whether a text holds anything that a rule looks for."""
    words = set(_WORD.findall(text))
    certain, common, roots = _triggers()
    if not words.isdisjoint(certain):
        return True
    return (not words.isdisjoint(common) and not words.isdisjoint(roots)) or bool(_SET.search(text))


def _imported_modules(text: str, package: str) -> set[str]:
    """Return what a text imports, without parsing it; a line too many does no harm."""
    found = set()
    for origin, names in _IMPORT.findall(text):
        if origin.startswith("."):
            level = len(origin) - len(origin.lstrip("."))
            parts = package.split(".") if package else []
            found.add(".".join([*parts[: len(parts) - level + 1], *filter(None, [origin.lstrip(".")])]))
        elif origin:
            found.add(origin)
        found.update(name.split()[0] for name in names.split(",") if name.split())
    return found
