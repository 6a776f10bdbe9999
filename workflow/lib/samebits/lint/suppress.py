"""``# samebits: ignore[SB102] reason``: findings that someone has looked at."""

import io
import re
import tokenize
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from samebits.lint.analysis import Analysis
from samebits.lint.catalog import Catalog
from samebits.lint.finding import Edit, Finding, Fix
from samebits.lint.source import Source

_COMMENT: Final = re.compile(r"#\s*samebits:\s*ignore\b(?:\[(?P<codes>[^\]]*)\])?(?P<reason>[^#]*)")


@dataclass(frozen=True)
class Suppression:
    """A comment that ignores codes on its line.

    Attributes:
        line: of the comment, in the source's text.
        column: from 1.
        end: the column after it.
        codes: what it ignores.
        reason: why; must be given.
        target: the line that it speaks of: its own, or the next if it stands alone.
    """

    line: int
    column: int
    end: int
    codes: tuple[str, ...]
    reason: str
    target: int


def find(source: Source) -> list[Suppression]:
    """Return the suppressions of a source: comments only, never text in strings."""
    if "samebits:" not in source.text:
        return []
    found = []
    for line, column, text in _comments(source):
        if match := _COMMENT.search(text):
            codes = tuple(code.strip() for code in (match["codes"] or "").split(",") if code.strip())
            alone = not source.code_lines[line - 1][:column].strip()
            start = column + match.start() + 1
            reason = match["reason"].strip(" \t-:,.")
            target = _next_code(source, line) if alone else line
            found.append(Suppression(line, start, column + match.end() + 1, codes, reason, target))
    return found


def _next_code(source: Source, line: int) -> int:
    for number in range(line + 1, min(line + 20, len(source.code_lines)) + 1):
        text = source.code_lines[number - 1].strip()
        if text and not text.startswith("#"):
            return number
    return line


def _comments(source: Source) -> list[tuple[int, int, str]]:
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                found.append((*token.start, token.string))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # SB001 tells of it
    return found


def apply(
    source: Source, analysis: Analysis, findings: list[Finding], catalog: Catalog, selected: Collection[str]
) -> list[Finding]:
    """Take away what is suppressed, and report suppressions that are unused, unknown or without a reason.

    Args:
        source: the text.
        analysis: of it; its findings that selection or facts made void do not make a suppression unused.
        findings: what is left of them.
        catalog: the rules.
        selected: the codes that are looked for.
    """
    suppressions = find(source)
    if not suppressions:
        return findings
    kept = []
    used: set[tuple[int, str]] = set()
    by_line: dict[tuple[int, int], list[Suppression]] = {}
    for each in suppressions:
        by_line.setdefault(source.place(each.target), []).append(each)
    for finding in findings:
        hit = False
        for line in {finding.line, finding.end_line}:
            for each in by_line.get((finding.cell, line), ()):
                if each.reason and (finding.code in each.codes):
                    used.add((each.line, finding.code))
                    hit = True
        if not hit:
            kept.append(finding)
    possible = {(f.cell, line, f.code) for f in analysis.findings for line in (f.line, f.end_line)}
    for each in suppressions:
        cell, line = source.place(each.target)
        kept += _complaints(source, each, used, possible, (cell, line), catalog, selected)
    return kept


def _complaints(
    source: Source,
    each: Suppression,
    used: set[tuple[int, str]],
    possible: set[tuple[int, int, str]],
    place: tuple[int, int],
    catalog: Catalog,
    selected: Collection[str],
) -> list[Finding]:
    found = []

    def say(code: str, message: str, fix: Fix | None = None) -> None:
        if code in selected:
            cell, line = source.place(each.line)
            found.append(
                Finding(
                    source.path,
                    line,
                    each.column,
                    line,
                    each.end,
                    code,
                    "warning",
                    message,
                    source.lines[each.line - 1][:400],
                    cell,
                    fix,
                )
            )

    if not each.codes:
        say("SB004", "a suppression names its codes: # samebits: ignore[SB102] reason")
        return found
    unknown = [code for code in each.codes if code not in catalog.rules]
    for code in unknown:
        say("SB004", f"{code} is no rule of samebits; see samebits lint --rules")
    if not each.reason:
        say("SB003", "a suppression needs a reason after the bracket, and does nothing without one")
        return found
    known = [code for code in each.codes if code not in unknown]
    unused = [
        code
        for code in known
        if (each.line, code) not in used and code in selected and (*place, code) not in possible
    ]
    if unused:
        fix = _removal(source, each, [code for code in each.codes if code not in unused])
        say(
            "SB002",
            f"nothing on this line is reported as {', '.join(unused)}; take the suppression away",
            fix,
        )
    return found


def _removal(source: Source, each: Suppression, left: list[str]) -> Fix:
    line = source.code_lines[each.line - 1]
    begin = len(line[: each.column - 1].encode())
    end = len(line[: each.end - 1].encode())
    at = source.offsets[each.line - 1]
    if left:
        text = f"# samebits: ignore[{', '.join(left)}] {each.reason}"
        return Fix("take the unused codes away", (Edit(at + begin, at + end, text),))
    while begin and line.encode()[begin - 1 : begin] in (b" ", b"\t"):
        begin -= 1
    return Fix("take the suppression away", (Edit(at + begin, at + end, ""),))
