"""Files and folders, linted: found, analysed side by side, and settled together as one project."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from samebits.lint.driver.analysis import analyse
from samebits.lint.driver.discovery import files, shown
from samebits.lint.driver.neighbours import facts_of
from samebits.lint.driver.pool import analyse_all
from samebits.lint.driver.selection import Settings
from samebits.lint.driver.settling import settle_file, settle_source
from samebits.lint.finding import Finding, order
from samebits.lint.reading import Source


@dataclass(frozen=True)
class Result:
    """What was found.

    Attributes:
        findings: sorted by place.
        files: how many files were looked at.
        sources: how reports name the files -> the files.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    sources: dict[str, Path] = field(default_factory=dict)


def lint(
    paths: Iterable[Path], settings: Settings, cache: Path | None = None, jobs: int | None = None
) -> Result:
    """Lint files and folders.

    Args:
        paths: what to lint.
        settings: what to look for.
        cache: folder of what was found before; None for none.
        jobs: processes; as many as there are cores if not given.

    Raises:
        Refused: a path does not exist, or a setting is wrong.
    """
    context, selected = settings.context(), settings.codes()
    named = {path: shown(path) for path in files(paths, settings)}
    made = dict(analyse_all(named, context, cache, jobs))
    facts = facts_of(made, context, cache)
    findings: list[Finding] = []
    for path, analysis in made.items():
        findings += settle_file(path, named[path], analysis, facts[path], settings, selected)
    sources = {name: path for path, name in named.items()}
    return Result(tuple(sorted(findings, key=order)), len(named), sources)


def lint_source(source: Source, settings: Settings) -> list[Finding]:
    """Lint one source on its own, as editors and the fixer do."""
    context, selected = settings.context(), settings.codes()
    analysis = analyse(source, context)
    return sorted(settle_source(source, analysis, analysis.facts, settings, selected), key=order)


def relative_to(result: Result, root: Path) -> Result:
    """Name files relative to a folder, so that a report holds no path of the machine."""
    names = {}
    for name, path in result.sources.items():
        try:
            names[name] = path.resolve().relative_to(root.resolve()).as_posix()
        except ValueError:
            names[name] = path.name
    moved = tuple(replace(each, path=names.get(each.path, each.path)) for each in result.findings)
    return Result(moved, result.files, result.sources)
