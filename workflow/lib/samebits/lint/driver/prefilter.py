"""Whether a text holds anything that a rule looks for: most files hold nothing and are not analysed."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from samebits.lint import catalog, rules
from samebits.lint.semantics.imports import absolute

#: words through which a name may stand for any other
_INDIRECT: Final = frozenset({"getattr", "__import__", "import_module"})
#: names in the catalogs that are words of any program; they count where one of the libraries is named, too
_COMMON: Final = frozenset(
    "add apply filter map take sample shuffle choice batch compile train scatter gather wait walk glob random "
    "normal uniform unique multiply mul dump dumps seed jit call permutation flags cv rand bytes adapt save "
    "log median".split()
)
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import|import[ \t]+([\w., \t]+))", re.MULTILINE
)


@dataclass(frozen=True)
class _Triggers:
    """What makes a text worth analysing.

    Attributes:
        words: any of them.
        common: any of them, together with one of ``libraries``.
        libraries: packages of which something is known.
        patterns: any of them.
    """

    words: frozenset[str]
    common: frozenset[str]
    libraries: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]


@cache
def _triggers() -> _Triggers:
    known, all_rules = catalog.load(), rules.load().values()
    words = {*known.entries_by_leaf, *known.facts_by_leaf, *known.variables}
    words |= {name.rpartition(".")[2] for name in (*known.settings, *known.setters)}
    words -= _COMMON
    words |= _INDIRECT.union(*(rule.words for rule in all_rules))
    libraries = {name.partition(".")[0] for each in known.entries for name in (*each.names, *each.on)}
    patterns = tuple(rule.pattern for rule in all_rules if rule.pattern is not None)
    return _Triggers(frozenset(words), _COMMON, known.frameworks | libraries, patterns)


def may_concern(text: str) -> bool:
    """Tell quickly whether a text holds anything that a rule looks for."""
    words, triggers = set(_WORD.findall(text)), _triggers()
    if not words.isdisjoint(triggers.words):
        return True
    if not words.isdisjoint(triggers.common) and not words.isdisjoint(triggers.libraries):
        return True
    return any(pattern.search(text) for pattern in triggers.patterns)


def imported_modules(text: str, package: str) -> set[str]:
    """Return what a text imports, without parsing it; a line too many does no harm."""
    modules = set()
    for origin, names in _IMPORT.findall(text):
        if origin:
            module = origin.lstrip(".")
            modules.add(absolute(module, len(origin) - len(module), package))
        modules.update(name.split()[0] for name in names.split(",") if name.split())
    return modules
