"""One file, analysed, or looked up in the cache if nothing has changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from samebits.lint.context import Context
from samebits.lint.driver import analysis
from samebits.lint.driver.analysis import Analysis
from samebits.lint.driver.cache import Cache
from samebits.lint.driver.discovery import CUDA
from samebits.lint.driver.project import Project, package_of
from samebits.lint.finding import Finding
from samebits.lint.reading import LARGEST, Unreadable, parse, read
from samebits.lint.rule import Diagnostic, Event, Rule
from samebits.lint.rules import listening
from samebits.sealed.digest import bytes_digest

_EXCERPT: Final = 400  # characters


class Analyser:
    """Analyses files one after the other.

    Args:
        context: where they are to run.
        folder: of the cache; None for none.
    """

    def __init__(self, context: Context, folder: Path | None):
        self.context = context
        self._cache = Cache(folder, context)
        self._summaries: dict[Path, dict[str, str]] = {}  # what modules of the project export

    def analyse(self, path: Path, name: str) -> Analysis:
        """Return what is found in a file.

        Args:
            path: the file.
            name: as reports name it.
        """
        try:
            if path.suffix in CUDA or path.suffix == ".txt":
                return self._other(path, name)
            if not path.is_file():
                raise Unreadable("it is no regular file and was not read")
            return self._python(path, name)
        except Unreadable as error:
            return Analysis((analysis.unreadable(name, error),))
        except OSError as error:
            unread = Unreadable(f"it cannot be read: {error.strerror}")
            return Analysis((analysis.unreadable(name, unread),))

    def _python(self, path: Path, name: str) -> Analysis:
        raw = path.read_bytes()
        digest = bytes_digest(raw)
        known = self._cache.get(path, name, digest)
        if known is not None:
            return known
        source = parse(raw, name) if len(raw) <= LARGEST else read(path, name)
        project = Project(path, self._summaries)
        package = package_of(path)[0]
        made = analysis.analyse(source, self.context, package, project.imported, project.is_local)
        self._cache.put(path, name, digest, project.read, made)
        return made

    def _other(self, path: Path, name: str) -> Analysis:
        """Lint what is no Python: CUDA sources and requirements."""
        text = path.read_text("utf-8", errors="replace")
        lines = text.splitlines()
        return Analysis(
            tuple(_finding(name, lines, rule, each) for rule, each in self._diagnostics(path, text))
        )

    def _diagnostics(self, path: Path, text: str) -> Iterator[tuple[Rule, Diagnostic]]:
        if path.suffix in CUDA:
            for rule, ear in listening(Event.CUDA_SOURCE):
                yield from ((rule, each) for each in ear.check(text, self.context))
        else:
            for rule, ear in listening(Event.REQUIREMENTS):
                yield from ((rule, each) for each in ear.check(path, text))


def _finding(name: str, lines: list[str], rule: Rule, diagnostic: Diagnostic) -> Finding:
    span = diagnostic.node
    return Finding(
        path=name,
        line=span.lineno,
        column=span.col_offset + 1,
        end_line=span.end_lineno,
        end_column=span.end_col_offset + 1,
        code=rule.code,
        severity=diagnostic.severity or rule.severity,
        message=diagnostic.message,
        excerpt=lines[span.lineno - 1][:_EXCERPT],
    )
