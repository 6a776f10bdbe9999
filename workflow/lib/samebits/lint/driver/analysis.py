"""One file, analysed: from its text to findings, and to the facts that others need to know of it."""

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

from samebits.lint import catalog, facts
from samebits.lint.context import Context
from samebits.lint.driver import dispatch, prefilter
from samebits.lint.file import File, known_calls
from samebits.lint.finding import Finding
from samebits.lint.questions.variables import set_variables
from samebits.lint.reading import Source, Unreadable
from samebits.lint.rule import Event
from samebits.lint.rules import listening
from samebits.lint.semantics import Semantics


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
    try:
        tree = parse(source)
        if not prefilter.may_concern(source.text):
            modules = frozenset(prefilter.imported_modules(source.text, package))
            if not any(map(is_local, modules)):  # a name of the project may stand for anything
                return Analysis((), modules=modules)
        return _of_file(source, context, Semantics(tree, package, imported, is_local))
    except Unreadable as error:
        return Analysis((unreadable(source.path, error, source),))
    except RecursionError:
        deep = Unreadable("its code is nested too deeply to be analysed; split it")
        return Analysis((unreadable(source.path, deep),))


def _of_file(source: Source, context: Context, semantics: Semantics) -> Analysis:
    known = catalog.load()
    calls = known_calls(semantics, known, dispatch.leaves())
    file = File(source, semantics, context, known, calls)
    variables = list(set_variables(file))
    file = replace(file, facts=facts.collect(file, variables))
    findings = dispatch.check(file, variables)
    return Analysis(tuple(findings), file.facts, frozenset(semantics.nodes.modules))


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
    ((rule, ear),) = listening(Event.UNREADABLE)
    (diagnostic,) = ear.check(error)
    cell, line = source.place(error.line) if source is not None else (0, error.line)
    excerpt = ""
    if source is not None and error.line <= len(source.lines):
        excerpt = source.lines[error.line - 1][:400]
    return Finding(
        path=path,
        line=line,
        column=error.column,
        end_line=line,
        end_column=error.column + 1,
        code=rule.code,
        severity=rule.severity,
        message=diagnostic.message,
        excerpt=excerpt,
        cell=cell,
    )
