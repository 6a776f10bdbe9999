"""What the files of a project do for each other: a seed that is set in one counts for all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from samebits.lint.context import Context
from samebits.lint.driver.analysis import Analysis
from samebits.lint.driver.one_file import Analyser
from samebits.lint.driver.project import locate

_PROJECT: Final = 2000  # files; more are no project in which importers matter
_MOST: Final = 10_000  # files that are analysed in all

Edges = dict[Path, set[Path]]


def facts_of(
    analyses: Mapping[Path, Analysis], context: Context, cache: Path | None
) -> dict[Path, frozenset[str]]:
    """Return for each file what it, its imports and its importers do for the project, as seeding."""
    asking = {path for path, analysis in analyses.items() if _asks(analysis)}
    # in a project, what imports a file matters, too
    start = list(analyses) if len(analyses) < _PROJECT else [path for path in analyses if path in asking]
    known = dict(analyses)
    imports = _imports(known, start, Analyser(context, cache))
    importers: Edges = {}
    for path, others in imports.items():
        for other in others:
            importers.setdefault(other, set()).add(path)
    facts = {}
    for path, analysis in analyses.items():
        if path not in asking:
            facts[path] = analysis.facts
            continue
        near = _reachable(path, imports) | _reachable(path, importers)
        facts[path] = frozenset().union(*(known[each].facts for each in near if each in known))
    return facts


def _asks(analysis: Analysis) -> bool:
    return any(finding.unless or finding.soften for finding in analysis.findings)


def _imports(known: dict[Path, Analysis], todo: list[Path], analyser: Analyser) -> Edges:
    """Return which files of the project each file imports; those not yet in ``known`` are analysed."""
    imports: Edges = {}
    by_place = {path.absolute(): path for path in known}
    while todo:
        path = todo.pop()
        if path in imports:
            continue
        imports[path] = set()
        for module in known[path].modules if path in known else ():
            place = locate(module, path.absolute())
            if place is None:
                continue
            other = by_place.get(place, place)
            imports[path].add(other)
            if other not in known and len(known) < _MOST:
                known[other] = analyser.analyse(other, str(other))
            if other not in imports:
                todo.append(other)
    return imports


def _reachable(start: Path, edges: Edges) -> set[Path]:
    seen, todo = {start}, [start]
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
