"""``--fix`` and ``--diff``: the edits of findings, applied to the bytes that were linted and nothing else."""

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from samebits.lint.driver.linter import Result
from samebits.lint.finding import Edit, Finding
from samebits.lint.reading import Source, Unreadable, encode, read
from samebits.sealed import files


@dataclass(frozen=True)
class Change:
    """What fixes make of a file.

    Attributes:
        path: the file.
        name: as reports name it.
        before: its bytes.
        after: the bytes that would be written.
        fixed: how many findings are mended.
    """

    path: Path
    name: str
    before: bytes
    after: bytes
    fixed: int

    def diff(self) -> str:
        """Return the unified diff."""
        lines = [
            part.decode("utf-8", "replace").splitlines(keepends=True) for part in (self.before, self.after)
        ]
        return "".join(difflib.unified_diff(lines[0], lines[1], f"a/{self.name}", f"b/{self.name}"))

    def write(self) -> None:
        """Write the file, whole or not at all."""
        with files.replaced(self.path) as draft:
            os.fchmod(draft.fileno(), self.path.stat().st_mode)
            draft.write(self.after)


def changes(result: Result) -> list[Change]:
    """Return what the fixes of all findings change, file by file."""
    by_file: dict[str, list[Finding]] = {}
    for finding in result.findings:
        if finding.fix is not None:
            by_file.setdefault(finding.path, []).append(finding)
    made = []
    for name, findings in by_file.items():
        path = result.sources[name]
        try:
            before = path.read_bytes()
            source = read(path, name)
        except (OSError, Unreadable):
            continue
        if source.notebook is not None and not _round_trips(source, before):
            continue
        text, fixed = apply(source, findings)
        if fixed:
            made.append(Change(path, name, before, encode(source, text), fixed))
    return made


def apply(source: Source, findings: list[Finding]) -> tuple[str, int]:
    """Return the text with all fixes that do not touch each other, and how many they are."""
    taken: list[Edit] = []
    fixed = 0
    for finding in findings:
        if finding.fix is None:
            continue
        edits = finding.fix.edits
        if all(edit in taken for edit in edits):
            fixed += 1  # two findings, one mend
        elif not any(_touch(edit, other) for edit in edits for other in taken):
            taken += edits
            fixed += 1
    raw = source.text.encode("utf-8", "surrogatepass")
    for edit in sorted(taken, key=lambda edit: (edit.start, edit.end), reverse=True):
        raw = raw[: edit.start] + edit.text.encode() + raw[edit.end :]
    return raw.decode("utf-8", "surrogatepass"), fixed


def _touch(edit: Edit, other: Edit) -> bool:
    return edit.start <= other.end and other.start <= edit.end


def _round_trips(source: Source, before: bytes) -> bool:
    """Tell whether a notebook can be written back without changing what is not meant."""
    return json.loads(encode(source, source.text)) == json.loads(before) and (
        encode(source, source.text).rstrip() == before.rstrip()
    )
