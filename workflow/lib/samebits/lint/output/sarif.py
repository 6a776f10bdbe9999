"""SARIF 2.1.0, which code hosts and editors read. The same findings are the same bytes."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import samebits
from samebits.lint import rules
from samebits.lint.driver.linter import Result
from samebits.lint.finding import Finding
from samebits.lint.rule import Rule
from samebits.sealed.errors import Refused

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render(result: Result) -> str:
    """Return a SARIF log of one run; no time, host or absolute path is in it."""
    known = rules.load()
    used = sorted({finding.code for finding in result.findings})
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "samebits lint",
                        "semanticVersion": samebits.__version__,
                        "rules": [_rule(known[code]) for code in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, used.index(finding.code)) for finding in result.findings],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nBad:\n{rule.bad.strip()}\n\nGood:\n{rule.good.strip()}"},
        "defaultConfiguration": {"level": rule.severity, "enabled": rule.default},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": max(finding.end_column, 1),
        "snippet": {"text": finding.excerpt},
    }
    where: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": quote(finding.path)}, "region": region}
    }
    if finding.cell:
        where["logicalLocations"] = [{"name": f"cell {finding.cell}", "kind": "module"}]
    identity = "\0".join([finding.path, finding.code, finding.excerpt.strip()])
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [where],
        "partialFingerprints": {
            "samebits/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
        },
    }


def errors(path: Path) -> list[str]:
    """Return the errors of a SARIF log that ``render`` wrote, one line each.

    Raises:
        Refused: it is no such log.
    """
    try:
        results = json.loads(path.read_bytes())["runs"][0]["results"]
        return [_line(each) for each in results if each["level"] == "error"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise Refused(
            f"{path}: not a SARIF log of samebits lint; delete it and run the workflow again"
        ) from None


def _line(result: dict[str, Any]) -> str:
    where = result["locations"][0]["physicalLocation"]
    name, region = unquote(where["artifactLocation"]["uri"]), where["region"]
    place = f"{name}:{region['startLine']}:{region['startColumn']}"
    return f"{place}: {result['ruleId']} error: {result['message']['text']}"
