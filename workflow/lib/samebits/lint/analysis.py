"""One file, linted: from its bytes to findings, and to the facts that others need to know of it."""

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
        exports: its names that stand for a framework's: name -> path.
    """

    findings: tuple[Finding, ...]
    facts: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    exports: Mapping[str, str] | None = None


def analyse(
    source: Source,
    context: Context,
    package: str = "",
    imported: Callable[[str, str], str | None] = lambda module, name: None,
) -> Analysis:
    """Lint one source; what it imports is never run.

    Args:
        source: the text.
        context: where it is to run.
        package: the dotted package it is in.
        imported: gives the path of a name in another module of the project, or None.
    """
    catalog = catalogs.load()
    if not _may_concern(source.text):
        return Analysis(())
    try:
        names = Names(parse(source), package, imported)
        file = File(source, names, context, catalog)
        for rule in _RULES:
            rule.check(file)
        return Analysis(
            tuple(dict.fromkeys(file.findings)),
            frozenset(file.facts),
            frozenset(names.modules),
            exports(names),
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
        cell, at = source.place(line)
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
            from samebits.lint.names import returns

            given = {names.path(each.value) for each in returns(function) if each.value is not None}
            if len(given) == 1 and "." in (one := given.pop()) and not one.startswith(("?", "local:")):
                found[name] = f"->{one}"
    return found


_WORDS: re.Pattern[str] | None = None


def _may_concern(text: str) -> bool:
    """Tell quickly whether a text holds any word that a rule looks for; most files of a project do not."""
    global _WORDS
    if _WORDS is None:
        catalog = catalogs.load()
        words = {*catalog.entries_by_leaf, *catalog.facts_by_leaf, *_OWN_WORDS}
        words |= {name.rpartition(".")[2] for each in catalog.settings for name in each.names}
        words |= {name.rpartition(".")[2] for name in catalog.setters}
        _WORDS = re.compile(
            r"\b(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")\b"
        )
    return _WORDS.search(text) is not None


#: what rules look for besides the catalogs' names
_OWN_WORDS: Final = (
    "set", "frozenset", "environ", "getenv", "hash", "id", "uuid4", "uuid1", "urandom", "secrets", "gethostname", "getpid",
    "time", "datetime", "random_state", "seed", "atomicAdd", "dumps", "sha256", "md5", "hashlib", "distributed", "install",
    "add_argument", "fit", "backward", "import", "from",
)  # fmt: skip
