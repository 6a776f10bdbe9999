"""The rules, one a file, in a folder for each hundred of codes.

A rule's file holds its page, what it listens to, and its checks: ``RULE``. Adding the file adds the rule.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from samebits.lint.rule import Event, On, Rule


@cache
def load() -> Mapping[str, Rule]:
    """Return all rules by their codes, in the order of these."""
    names = [info.name for info in pkgutil.walk_packages(__path__, f"{__name__}.") if not info.ispkg]
    rules: list[Rule] = [importlib.import_module(name).RULE for name in names]
    return MappingProxyType({rule.code: rule for rule in sorted(rules, key=lambda rule: rule.code)})


@cache
def listening(event: Event) -> tuple[tuple[Rule, On], ...]:
    """Return the rules that listen to an event."""
    return tuple((rule, ear) for rule in load().values() for ear in rule.listens if ear.event is event)
