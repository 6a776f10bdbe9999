"""What the linter says: a finding, and the edits that would mend it."""

from dataclasses import dataclass, replace
from typing import Any, Final

#: worst first. Errors and warnings fail; a note tells of what holds only under a condition
SEVERITIES: Final = ("error", "warning", "note")


@dataclass(frozen=True)
class Edit:
    """Replace the bytes from ``start`` to ``end`` of a file by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """Edits that mend a finding without changing anything else."""

    description: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Finding:
    """One place that makes a result irreproducible, or may.

    Attributes:
        path: the file, as it was named to the linter.
        line: from 1; in a notebook, of the cell.
        column: from 1, in characters.
        end_line: where it ends.
        end_column: the column after its last character.
        code: the rule, ``SB101``.
        severity: ``error``, ``warning`` or ``note``.
        message: what is wrong and what mends it.
        excerpt: the source line.
        cell: number of the notebook's cell, from 1; 0 in a Python file.
        fix: what ``--fix`` would do.
        unless: facts of the project, any of which makes the finding void.
        soften: facts of the project, any of which makes it a note.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    severity: str
    message: str
    excerpt: str = ""
    cell: int = 0
    fix: Fix | None = None
    unless: tuple[str, ...] = ()
    soften: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what ``--format json`` prints."""
        fix = None
        if self.fix is not None:
            edits = [{"start": e.start, "end": e.end, "text": e.text} for e in self.fix.edits]
            fix = {"description": self.fix.description, "edits": edits}
        return {
            "path": self.path,
            "cell": self.cell or None,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "excerpt": self.excerpt,
            "fix": fix,
        }

    def settle(self, facts: frozenset[str]) -> "Finding | None":
        """Return the finding as it stands in a project of which ``facts`` are known, or None."""
        if facts & set(self.unless):
            return None
        if facts & set(self.soften):
            return replace(self, severity="note")
        return self


def order(finding: Finding) -> tuple[str, int, int, int, str, str]:
    """Sort findings as a reader meets them."""
    return finding.path, finding.cell, finding.line, finding.column, finding.code, finding.message
