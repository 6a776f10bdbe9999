"""What an entry or a setting of the catalogs says about what it describes."""

import ast
from collections.abc import Iterator
from typing import Any

from samebits.lint import edits
from samebits.lint.catalog import conditions
from samebits.lint.catalog.entries import Effect, Entry, Order, Setting
from samebits.lint.catalog.matching import Assigned, Match
from samebits.lint.file import File
from samebits.lint.finding import SEVERITIES, Fix
from samebits.lint.rule import Diagnostic
from samebits.lint.semantics import UNKNOWN
from samebits.lint.semantics.tensor_paths import is_tensor
from samebits.sealed.tiers import at_least


def of_entry(file: File, match: Match, severity: str | None = None) -> Iterator[Diagnostic]:
    """Yield the diagnostic of a matched entry; none where the context makes nothing of it.

    Args:
        file: the file.
        match: the entry and what it describes.
        severity: in place of the entry's.
    """
    entry, context = match.entry, file.context
    unless = entry.unless
    if entry.effect is not None:
        by_effect = context.severity(entry.effect, entry.device)
        if by_effect is None:
            return
        severity = severity or by_effect
        if entry.effect is Effect.SWITCH and at_least(context.tier, "deterministic"):
            unless = (*unless, f"switch.{entry.framework}")
    elif entry.sealed in SEVERITIES and context.sealed:
        severity = severity or entry.sealed
    yield Diagnostic(
        match.node,
        f"{shown(match.path)} {entry.what}" + (f"; {entry.use}" if entry.use else ""),
        severity or entry.severity or None,
        _fix(file, match),
        unless,
        entry.soften,
    )


def of_setting(file: File, assigned: Assigned, setting: Setting) -> Iterator[Diagnostic]:
    """Yield the diagnostic of an assignment that contradicts a setting."""
    severity = setting.severity
    if file.context.sealed and setting.sealed != "same":
        severity = setting.sealed
    fix = None
    if setting.fix:
        fix = Fix(f"set it to {setting.fix}", (edits.replacement(file.source, assigned.value, setting.fix),))
    message = f"{assigned.path} {setting.what}; {setting.use}"
    yield Diagnostic(assigned.node, message, severity or None, fix)


def shown(path: str) -> str:
    """Write a path as a reader knows it."""
    receiver, _, leaf = path.rpartition(".")
    if is_tensor(receiver):
        return f"Tensor.{leaf}"
    if "(" in receiver or receiver.startswith(UNKNOWN):
        return f".{leaf}()"
    path = path.replace("torch.nn.functional.", "F.")
    return path.replace("torch.Tensor.", "Tensor.")


def _fix(file: File, match: Match) -> Fix | None:
    entry, call = match.entry, match.call
    if call is None:
        return None
    if entry.order is Order.LISTING:
        return edits.wrapped(file.source, call, "sorted(", ")", "sort the listing")
    if not entry.fix:
        return None
    name, value = entry.fix[0]
    if (given := _given_by_position(file, entry, call, name)) is not None:
        return Fix(f"set {name} to {value}", (edits.replacement(file.source, given, value),))
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    synonyms = (keyword.arg for keyword in call.keywords if keyword.arg and _same(entry, keyword.arg, name))
    return edits.with_argument(file.source, call, next(synonyms, name), value)


def _given_by_position(file: File, entry: Entry, call: ast.Call, name: str) -> Any:
    for condition in entry.when:
        if name in condition.arguments and condition.position is not None:
            given = conditions.given(call, condition, file.semantics)
            if given is not None and given is not call and given in call.args:
                return given
    return None


def _same(entry: Entry, given: str, name: str) -> bool:
    """Tell whether an entry knows two names as those of one argument."""
    return any(given in each.arguments and name in each.arguments for each in entry.when)
