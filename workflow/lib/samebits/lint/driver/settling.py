"""The findings of a file that stand: by the project's facts, by what is selected, by its suppressions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from samebits.lint import rules
from samebits.lint.driver.analysis import Analysis
from samebits.lint.driver.discovery import PYTHON
from samebits.lint.driver.selection import Settings
from samebits.lint.finding import Finding
from samebits.lint.reading import Source, Unreadable, parse
from samebits.lint.rule import Event
from samebits.lint.suppression import Suppression, suppressions

Codes = frozenset[str]
Place = tuple[int, int]  # cell and line


def settle_file(
    path: Path, name: str, analysis: Analysis, facts: frozenset[str], settings: Settings, selected: Codes
) -> list[Finding]:
    """Return the findings of a file that stand.

    Args:
        path: the file.
        name: as reports name it.
        analysis: of it.
        facts: of its project.
        settings: say what is left out where.
        selected: the codes that are looked for.
    """
    if path.suffix not in PYTHON:
        return [finding for finding in analysis.findings if finding.code in selected]
    try:
        raw = path.read_bytes() if path.is_file() else b""  # a pipe would wait for a writer
        if b"samebits:" in raw:
            return settle_source(parse(raw, name), analysis, facts, settings, selected)
    except (Unreadable, OSError):
        pass
    return _kept(name, analysis, facts, settings, selected)


def settle_source(
    source: Source, analysis: Analysis, facts: frozenset[str], settings: Settings, selected: Codes
) -> list[Finding]:
    """Return the findings of a source that stand; the arguments are as those of ``settle_file``."""
    kept = _kept(source.path, analysis, facts, settings, selected)
    comments = suppressions(source)
    if not comments:
        return kept
    by_place: dict[Place, list[Suppression]] = {}
    for each in comments:
        by_place.setdefault(source.place(each.target), []).append(each)
    used = {(each.line, finding.code) for finding in kept for each in _suppressing(finding, by_place)}
    # what another context, selection or project would report makes no suppression unused
    possible = {(f.cell, line, f.code) for f in analysis.findings for line in (f.line, f.end_line)}
    standing = [finding for finding in kept if not any(_suppressing(finding, by_place))]
    for each in comments:
        judged = _judged(source, each, used, possible, selected)
        standing += [finding for finding in _complaints(source, judged) if finding.code in selected]
    return standing


def _kept(
    name: str, analysis: Analysis, facts: frozenset[str], settings: Settings, selected: Codes
) -> list[Finding]:
    """Return what the project's facts do not make void, and what is selected."""
    ignored = settings.ignored_in(name)
    settled = (finding.settle(facts) for finding in analysis.findings)
    return [
        finding
        for finding in settled
        if finding is not None and finding.code in selected and not finding.code.startswith(ignored)
    ]


def _suppressing(finding: Finding, by_place: dict[Place, list[Suppression]]) -> Iterator[Suppression]:
    """Yield the suppressions that speak of a finding and have a reason."""
    for line in {finding.line, finding.end_line}:
        for each in by_place.get((finding.cell, line), ()):
            if each.reason and finding.code in each.codes:
                yield each


def _judged(
    source: Source,
    suppression: Suppression,
    used: set[tuple[int, str]],
    possible: set[tuple[int, int, str]],
    selected: Codes,
) -> Suppression:
    """Return a suppression with those of its codes that are no rules, and that suppress nothing."""
    known, place = rules.load(), source.place(suppression.target)
    return replace(
        suppression,
        unknown=tuple(code for code in suppression.codes if code not in known),
        unused=tuple(
            code
            for code in suppression.codes
            if code in known
            and code in selected
            and (suppression.line, code) not in used
            and (*place, code) not in possible
        ),
    )


def _complaints(source: Source, suppression: Suppression) -> Iterator[Finding]:
    """Yield what rules say of a suppression itself."""
    cell, line = source.place(suppression.line)
    for rule, ear in rules.listening(Event.SUPPRESSION):
        for each in ear.check(source, suppression):
            yield Finding(
                path=source.path,
                line=line,
                column=suppression.column,
                end_line=line,
                end_column=suppression.end,
                code=rule.code,
                severity=rule.severity,
                message=each.message,
                excerpt=source.lines[suppression.line - 1][:400],
                cell=cell,
                fix=each.fix,
            )
