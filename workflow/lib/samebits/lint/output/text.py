"""Text as ruff's: place, code, message, and the line itself."""

from collections import Counter

from samebits.lint.driver.linter import Result
from samebits.lint.finding import SEVERITIES, Finding


def render(result: Result) -> str:
    """Return all findings with their excerpts, and a count."""
    parts = [_finding(finding) for finding in result.findings]
    return "\n".join([*parts, summary(result)])


def summary(result: Result) -> str:
    """Return one line that counts findings."""
    if not result.findings:
        return f"No findings in {_count(result.files, 'file')}."
    counts = Counter(finding.severity for finding in result.findings)
    counted = ", ".join(_count(counts[each], each) for each in SEVERITIES if counts[each])
    fixable = sum(finding.fix is not None for finding in result.findings)
    more = f" {fixable} can be mended with --fix." if fixable else ""
    return f"Found {counted} in {_count(result.files, 'file')}.{more}"


def _finding(finding: Finding) -> str:
    place = finding.path + (f":cell {finding.cell}" if finding.cell else "")
    head = f"{place}:{finding.line}:{finding.column}: {finding.code} {finding.severity}: {finding.message}"
    excerpt = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in finding.excerpt)
    if not excerpt.strip():
        return head + "\n"
    shift = len(excerpt) - len(excerpt.lstrip())
    code = excerpt.strip().expandtabs(4)[:150]
    start = min(max(0, finding.column - 1 - shift), len(code))
    end = finding.end_column - 1 - shift if finding.end_line == finding.line else len(code)
    length = max(1, min(end, len(code)) - start)
    number = str(finding.line)
    margin = " " * len(number)
    return "\n".join(
        [
            head,
            f"{margin} |",
            f"{number} | {code}",
            f"{margin} | {' ' * start}{'^' * length} {finding.code}",
            *([f"{margin} = fix: {finding.fix.description}"] if finding.fix is not None else []),
            "",
        ]
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
