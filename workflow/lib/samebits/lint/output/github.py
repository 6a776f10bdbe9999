"""GitHub's workflow commands, which become annotations of a pull request."""

from typing import Final

from samebits.lint.driver.linter import Result
from samebits.lint.finding import Finding

_LEVELS: Final = {"error": "error", "warning": "warning", "note": "notice"}


def render(result: Result) -> str:
    """Return one command a finding."""
    return "\n".join(_command(finding) for finding in result.findings)


def _command(finding: Finding) -> str:
    place = {
        "title": f"samebits ({finding.code})",
        "file": finding.path,
        "line": finding.line,
        "endLine": finding.end_line,
        "col": finding.column,
        "endColumn": finding.end_column,
    }
    if finding.end_line != finding.line:
        del place["col"], place["endColumn"]
    properties = ",".join(f"{key}={_escape(str(value), ':,')}" for key, value in place.items())
    return f"::{_LEVELS[finding.severity]} {properties}::{_escape(f'{finding.code} {finding.message}')}"


def _escape(text: str, more: str = "") -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for character in more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
