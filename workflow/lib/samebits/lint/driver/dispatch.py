"""Hands a file's events to the rules that listen to them."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from samebits.lint import catalog, rules
from samebits.lint import facts as facts_of
from samebits.lint.catalog.matching import Assigned, matches, setting_of
from samebits.lint.file import File
from samebits.lint.finding import Finding
from samebits.lint.questions.set_reads import set_reads
from samebits.lint.questions.variables import SetVariable
from samebits.lint.reading import Source
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.syntax import defaults

Report = tuple[Rule, Iterable[Diagnostic]]


@cache
def leaves() -> frozenset[str]:
    """Return the last parts of all names that rules, facts and catalogs ask for among calls."""
    known = catalog.load()
    aliases = {alias.rpartition(".")[2] for pairs in known.aliases_of.values() for alias, _ in pairs}
    asked = {leaf for _, ear in rules.listening(Event.CALL) for leaf in ear.leaves}
    return frozenset(aliases | asked | {*facts_of.CALLS, *known.entries_by_leaf, *known.facts_by_leaf})


def check(file: File, variables: list[SetVariable]) -> list[Finding]:
    """Return what the rules find in a file, in no order.

    Args:
        file: the file.
        variables: the environment variables that it sets.
    """
    findings: dict[Finding, None] = {}
    places: set[tuple[str, int, int]] = set()
    for rule, diagnostics in _reports(file, variables):
        for each in diagnostics:
            if rule.one_a_place:
                place = (rule.code, each.node.lineno, each.node.col_offset)
                if place in places:
                    continue
                places.add(place)
            findings[_finding(file.source, rule, each)] = None
    return list(findings)


def _reports(file: File, variables: list[SetVariable]) -> Iterator[Report]:
    """Yield what each rule says to each event, in the order of ``Event``."""
    yield from _calls(file)
    yield from _described(file)
    for read in set_reads(file):
        for rule, ear in rules.listening(Event.SET_READ):
            yield rule, ear.check(file, read)
    for rule, ear in rules.listening(Event.NAMED_CALL):
        for call in file.semantics.nodes.calls_named(*ear.names):
            yield rule, ear.check(file, call)
    yield from _attributes(file)
    yield from _named(file)
    yield from _texts(file)
    for variable in variables:
        for rule, ear in rules.listening(Event.VARIABLE):
            yield rule, ear.check(file, variable)
    for rule, ear in rules.listening(Event.FILE):
        yield rule, ear.check(file)


@dataclass(frozen=True)
class _Callers:
    """The rules that listen to calls, by the last part of what is called and by its beginning."""

    by_leaf: Mapping[str, tuple[tuple[Rule, On], ...]]
    by_beginning: tuple[tuple[Rule, On], ...]


@cache
def _callers() -> _Callers:
    by_leaf: dict[str, list[tuple[Rule, On]]] = {}
    by_beginning = []
    for rule, ear in rules.listening(Event.CALL):
        if ear.beginnings:
            by_beginning.append((rule, ear))
        for leaf in ear.leaves:
            by_leaf.setdefault(leaf, []).append((rule, ear))
    return _Callers({leaf: tuple(ears) for leaf, ears in by_leaf.items()}, tuple(by_beginning))


def _calls(file: File) -> Iterator[Report]:
    callers = _callers()
    by_leaf = callers.by_leaf
    beginnings = tuple(each for _, ear in callers.by_beginning for each in ear.beginnings)
    for call, path in file.calls:
        heard = by_leaf.get(path.rpartition(".")[2], ())
        for rule, ear in heard:
            yield rule, ear.check(file, call, path)
        if path.startswith(beginnings):
            for rule, ear in callers.by_beginning:
                if path.startswith(ear.beginnings) and (rule, ear) not in heard:
                    yield rule, ear.check(file, call, path)


def _described(file: File) -> Iterator[Report]:
    """Yield what the rules make of what the catalogs describe."""
    ears = {rule.code: (rule, ear) for rule, ear in rules.listening(Event.ENTRY)}
    for match in matches(file):
        rule, ear = ears[match.entry.code]
        yield rule, ear.check(file, match)


def _attributes(file: File) -> Iterator[Report]:
    known = file.catalog
    settings = {rule.code: (rule, ear) for rule, ear in rules.listening(Event.SETTING)}
    names = {name for _, ear in rules.listening(Event.ATTRIBUTE) for name in ear.names}
    for assign in file.semantics.nodes.assigns:
        for target in assign.targets if isinstance(assign, ast.Assign) else [assign.target]:
            if not isinstance(target, ast.Attribute) or assign.value is None:
                continue
            path = file.path(target)
            if path not in known.setters and path not in known.settings and target.attr not in names:
                continue
            assigned = Assigned(assign, target, path, assign.value)
            if path in known.setters:
                for rule, ear in rules.listening(Event.SETTER):
                    yield rule, ear.check(file, assigned)
            if path in known.settings and (setting := setting_of(file, assigned)) is not None:
                rule, ear = settings[setting.code]
                yield rule, ear.check(file, assigned, setting)
            for rule, ear in rules.listening(Event.ATTRIBUTE):
                if target.attr in ear.names:
                    yield rule, ear.check(file, assigned)


def _named(file: File) -> Iterator[Report]:
    ears = rules.listening(Event.NAMED)
    endings = tuple(name for _, ear in ears for name in ear.names)
    for name, value, node in _values_of_names(file, endings):
        for rule, ear in ears:
            if name.lower().endswith(ear.names):
                yield rule, ear.check(file, name, value, node)


def _values_of_names(file: File, endings: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    """Yield names with these endings that get values, the values, and the nodes at which they do."""
    nodes = file.semantics.nodes
    for call in nodes.calls:
        for keyword in call.keywords:
            if keyword.arg and keyword.arg.lower().endswith(endings):
                yield keyword.arg, keyword.value, call
    for assign in nodes.assigns:
        target: Any = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            name = target.slice.value
        if isinstance(name, str) and name.lower().endswith(endings) and assign.value is not None:
            yield name, assign.value, assign
    for table in nodes.dicts:
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                if key.value.lower().endswith(endings):
                    yield key.value, value, value
    for function in nodes.functions:
        for name, value in defaults(function):
            if name.lower().endswith(endings):
                yield name, value, value


def _texts(file: File) -> Iterator[Report]:
    ears = [(part, rule, ear) for rule, ear in rules.listening(Event.TEXT) for part in ear.names]
    for string in file.semantics.nodes.strings:
        text: Any = string.value
        for part, rule, ear in ears:
            if part in text:
                yield rule, ear.check(file, string)


def _finding(source: Source, rule: Rule, diagnostic: Diagnostic) -> Finding:
    """Place a diagnostic: lines from 1, in a notebook of the cell, columns in characters from 1."""
    node = diagnostic.node
    first: int = getattr(node, "lineno", 1)
    last: int = getattr(node, "end_lineno", None) or first
    cell, line = source.place(first)
    _, end_line = source.place(last)
    excerpt = source.lines[first - 1] if first <= len(source.lines) else ""
    return Finding(
        path=source.path,
        line=line,
        column=_column(source, first, getattr(node, "col_offset", 0)),
        end_line=end_line,
        end_column=_column(source, last, getattr(node, "end_col_offset", None) or 0),
        code=rule.code,
        severity=diagnostic.severity or rule.severity,
        message=diagnostic.message,
        excerpt=excerpt[:400].strip("\ufeff"),
        cell=cell,
        fix=diagnostic.fix,
        unless=diagnostic.unless,
        soften=diagnostic.soften,
    )


def _column(source: Source, line: int, column: int) -> int:
    """Turn a column in bytes from 0 into one in characters from 1."""
    lines = source.code_lines
    if line > len(lines):
        return 1
    raw = lines[line - 1].encode("utf-8", "surrogatepass")[:column]
    return len(raw.decode("utf-8", "ignore")) + 1
