"""A rule's page, and the table of all rules."""

from difflib import get_close_matches

from samebits.lint import catalog, rules
from samebits.lint.catalog.entries import Entry
from samebits.sealed.errors import Refused


def page(code: str) -> str:
    """Return what ``samebits lint --explain`` prints.

    Raises:
        Refused: there is no such rule.
    """
    known = rules.load()
    rule = known.get(code.upper())
    if rule is None:
        near = get_close_matches(code.upper(), known, 1)
        hint = f"did you mean {near[0]}?" if near else "see samebits lint --rules"
        raise Refused(f"lint: there is no rule {code!r}; {hint}")
    parts = [
        f"{rule.code} {rule.name}: {rule.summary}",
        f"Severity: {rule.severity}, unless the context says otherwise"
        + ("" if rule.default else "; off unless selected")
        + ".",
        rule.why,
        "Bad:\n" + _indented(rule.bad),
        "Good:\n" + _indented(rule.good),
        f"Source: {rule.source}",
    ]
    entries = [entry for entry in catalog.load().entries if entry.code == rule.code]
    if entries:
        listed = "\n".join(f"    {_entry(entry)}" for entry in entries)
        parts.append(f"What it knows:\n{listed}")
    parts.append(f"Ignore one place with: # samebits: ignore[{rule.code}] why it does no harm here")
    return "\n\n".join(parts)


def _entry(entry: Entry) -> str:
    names = [*entry.names, *(f".{method}()" for method in entry.methods)]
    some = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    version = f" [{entry.framework}{entry.versions}]" if entry.versions is not None else ""
    return f"{some}{version}: {entry.what}; {entry.use}"


def table() -> str:
    """Return all rules as the Markdown table that docs/lint.md holds."""
    rows = ["| code | name | reports | severity |", "|---|---|---|---|"]
    for rule in rules.load().values():
        severity = rule.severity if rule.default else f"{rule.severity}, off unless selected"
        rows.append(f"| `{rule.code}` | {rule.name} | {rule.summary} | {severity} |")
    return "\n".join(rows)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())
