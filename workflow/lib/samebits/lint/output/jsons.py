"""A JSON list of findings."""

import json

from samebits.lint.driver.linter import Result


def render(result: Result) -> str:
    """Return the findings as JSON; docs/lint.md describes the keys."""
    return json.dumps([finding.as_json() for finding in result.findings], indent=2, ensure_ascii=False)
