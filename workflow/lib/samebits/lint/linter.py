"""Many files, linted: found, analysed side by side, and settled together as one project."""

import gc
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from samebits.lint import analysis as analyses
from samebits.lint import catalog, suppress
from samebits.lint.analysis import Analysis
from samebits.lint.cache import Cache
from samebits.lint.context import Context
from samebits.lint.finding import Finding, order
from samebits.lint.project import Project, locate, package_of
from samebits.lint.rules import kernels, unlocked
from samebits.lint.selection import SKIPPED, Settings
from samebits.lint.source import Source, Unreadable, parse, read
from samebits.sealed.digest import bytes_digest
from samebits.sealed.errors import Refused

PYTHON: Final = (".py", ".pyi", ".ipynb")
CUDA: Final = (".cu", ".cuh")
_COLLECT: Final = 8 << 20  # bytes of source whose trees may lie about: a tree is 100 times its text
_FEW: Final = 24  # files for which starting processes costs more than it gives


@dataclass(frozen=True)
class Result:
    """What was found.

    Attributes:
        findings: sorted by place.
        files: how many files were looked at.
        root: folder to which the paths in findings are relative.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    sources: dict[str, Path] = field(default_factory=dict)


def files(paths: Iterable[Path], settings: Settings) -> list[Path]:
    """Return the files to lint: those named, and all below the folders named, sorted.

    Raises:
        Refused: a path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            for each in _walk(path, settings):
                found[each] = None
        elif path.exists():
            if not _other_language(path):
                found[path] = None
        else:
            raise Refused(f"lint: {path}: no such file or folder")
    return list(found)


def _other_language(path: Path) -> bool:
    """Tell whether a file's first line hands it to another interpreter than Python."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(256)
    return first.startswith(b"#!") and b"python" not in first


def _walk(folder: Path, settings: Settings) -> Iterator[Path]:
    """Yield the files below a folder; a folder that is reached twice, as by a link, is walked once."""
    seen: set[tuple[int, int]] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        status = Path(here).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not settings.excludes(Path(here, f)))
        for name in sorted(names):
            path = Path(here, name)
            kind = name[name.rfind(".") :] if "." in name else ""
            wanted = kind in PYTHON or kind in CUDA or (name.startswith("requirements") and kind == ".txt")
            if wanted and not settings.excludes(path):
                yield path


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
    wanted = files(paths, settings)
    named = {path: shown(path) for path in wanted}
    found = dict(_analyse_all(wanted, named, context, cache, jobs))
    facts = _facts(found, context, cache)
    findings: list[Finding] = []
    for path, analysis in found.items():
        findings += _settled(path, named[path], analysis, facts[path], settings, selected)
    return Result(tuple(sorted(findings, key=order)), len(wanted), {named[path]: path for path in wanted})


def lint_source(source: Source, settings: Settings) -> list[Finding]:
    """Lint one source on its own, as editors and the fixer do."""
    context, selected = settings.context(), settings.codes()
    analysis = analyses.analyse(source, context)
    found = _settle(source, analysis, analysis.facts, settings, selected)
    return sorted(found, key=order)


def shown(path: Path) -> str:
    """Return a path as reports name it: relative to the working directory where it is below it."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


# --- analysis ---


@dataclass
class _Worker:
    context: Context
    cache: Cache
    summaries: dict[Path, dict[str, str]] = field(default_factory=dict)
    size: int = 0  # bytes of source since garbage was last collected


_worker: _Worker | None = None


def _start(context: Context, cache: Path | None) -> None:
    global _worker
    gc.disable()  # a pass over a tree makes no garbage; what files leave is collected between them
    _worker = _Worker(context, Cache(cache, context))


def _job(item: tuple[Path, str]) -> tuple[Path, Analysis]:
    path, name = item
    assert _worker is not None  # noqa: S101  by _start
    found = analyse_file(path, name, _worker.context, _worker.cache, _worker.summaries)
    _worker.size += _size(path)
    if _worker.size > _COLLECT:
        gc.collect()
        _worker.size = 0
    return path, found


def _analyse_all(
    wanted: list[Path], named: dict[Path, str], context: Context, cache: Path | None, jobs: int | None
) -> Iterator[tuple[Path, Analysis]]:
    items = [(path, named[path]) for path in wanted]
    count = jobs or len(os.sched_getaffinity(0))
    if len(items) < _FEW or count == 1:
        enabled = gc.isenabled()
        _start(context, cache)
        for item in items:
            yield _job(item)
        if enabled:
            gc.enable()
        return
    catalog.load()  # before the processes start, so that each has it
    # the largest first, so that none is left alone at the end; the order of results is the files'
    items.sort(key=lambda item: -_size(item[0]))
    found = {}
    with multiprocessing.get_context("fork").Pool(count, _start, (context, cache)) as pool:
        for path, analysis in pool.imap_unordered(_job, items, chunksize=8):
            found[path] = analysis
    for path in wanted:
        yield path, found[path]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def analyse_file(
    path: Path, name: str, context: Context, cache: Cache, summaries: dict[Path, dict[str, str]]
) -> Analysis:
    """Return what is found in a file, from the cache if nothing has changed."""
    try:
        if path.suffix in CUDA or path.suffix == ".txt":
            return _other(path, name, context)
        if not path.is_file():
            raise Unreadable("it is no regular file and was not read")
        raw = path.read_bytes()
        digest = bytes_digest(raw)
        known = cache.get(path, name, digest)
        if known is not None:
            return known
        source = parse(raw, name) if len(raw) <= 32 << 20 else read(path, name)
        project = Project(path, summaries)
        found = analyses.analyse(source, context, package_of(path)[0], project.imported, project.is_local)
        cache.put(path, name, digest, project.read, found)
        return found
    except Unreadable as error:
        return Analysis((analyses.unreadable(name, error),))
    except OSError as error:
        return Analysis((analyses.unreadable(name, Unreadable(f"it cannot be read: {error.strerror}")),))


def _other(path: Path, name: str, context: Context) -> Analysis:
    """Lint what is no Python: CUDA sources and requirements."""
    text = path.read_text("utf-8", errors="replace")
    found = []
    lines = text.splitlines()
    if path.suffix in CUDA:
        severity = context.severity("varies", "cuda")
        for line, column, end, message in kernels.native(text) if severity else ():
            excerpt = lines[line - 1][:400]
            found.append(Finding(name, line, column, line, end, "SB108", severity or "", message, excerpt))
    else:
        for line, message in unlocked.requirements(path, text):
            excerpt = lines[line - 1][:400]
            found.append(Finding(name, line, 1, line, len(excerpt) + 1, "SB508", "warning", message, excerpt))
    return Analysis(tuple(found))


# --- the project ---


def _facts(found: dict[Path, Analysis], context: Context, cache: Path | None) -> dict[Path, frozenset[str]]:
    """Return for each file what it, its imports and its importers do for the project, as seeding."""
    own: dict[Path, frozenset[str]] = {path: analysis.facts for path, analysis in found.items()}
    imports: dict[Path, set[Path]] = {}
    memory = Cache(cache, context)
    summaries: dict[Path, dict[str, str]] = {}
    todo = [path for path, analysis in found.items() if _asks(analysis)]
    asked = set(todo)
    if len(found) < 2000:  # in a project, what imports a file matters, too
        todo = list(found)
    modules = {path: analysis.modules for path, analysis in found.items()}
    known = {path.absolute(): path for path in found}
    while todo:
        path = todo.pop()
        if path in imports:
            continue
        imports[path] = set()
        for module in modules.get(path, ()):
            other = locate(module, path.absolute())
            if other is None:
                continue
            other = known.get(other, other)
            imports[path].add(other)
            if other not in modules and len(modules) < 10_000:
                analysis = analyse_file(other, str(other), context, memory, summaries)
                modules[other], own[other] = analysis.modules, analysis.facts
            if other not in imports:
                todo.append(other)
    importers: dict[Path, set[Path]] = {}
    for path, others in imports.items():
        for other in others:
            importers.setdefault(other, set()).add(path)
    result = {}
    for path in found:
        if path not in asked:
            result[path] = own[path]
            continue
        near = _reachable(path, imports) | _reachable(path, importers)
        result[path] = frozenset().union(*(own.get(each, frozenset()) for each in near))
    return result


def _asks(analysis: Analysis) -> bool:
    return any(finding.unless or finding.soften for finding in analysis.findings)


def _reachable(start: Path, edges: dict[Path, set[Path]]) -> set[Path]:
    seen, todo = {start}, [start]
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _settled(
    path: Path,
    name: str,
    analysis: Analysis,
    facts: frozenset[str],
    settings: Settings,
    selected: frozenset[str],
) -> list[Finding]:
    if path.suffix not in PYTHON:
        return [finding for finding in analysis.findings if finding.code in selected]
    try:
        raw = path.read_bytes() if path.is_file() else b""  # a pipe would wait for a writer
        if b"samebits:" in raw:
            return _settle(parse(raw, name), analysis, facts, settings, selected)
    except (Unreadable, OSError):
        pass
    return _kept(analysis, facts, settings, selected, name)


def _kept(
    analysis: Analysis, facts: frozenset[str], settings: Settings, selected: frozenset[str], name: str
) -> list[Finding]:
    ignored = settings.ignored_in(name)
    settled = (finding.settle(facts) for finding in analysis.findings)
    return [
        finding
        for finding in settled
        if finding is not None
        and finding.code in selected
        and not any(finding.code.startswith(code) for code in ignored)
    ]


def _settle(
    source: Source, analysis: Analysis, facts: frozenset[str], settings: Settings, selected: frozenset[str]
) -> list[Finding]:
    kept = _kept(analysis, facts, settings, selected, source.path)
    return suppress.apply(source, analysis, kept, catalog.load(), selected)


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
