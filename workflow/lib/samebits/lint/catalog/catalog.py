"""All that the catalogs know, sorted so that a call finds its entries quickly."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from samebits.lint.catalog.entries import Entry, Fact, Setting, Variable


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All that is known.

    Attributes:
        entries: calls, classes and operators, in the order of the files: the first that matches counts.
        facts: what mends something for a whole project.
        settings: attributes that must not be assigned certain values, by their names.
        variables: environment variables, by name.
        aliases_of: package -> (alias, name) pairs, the longest alias first.
        assumed: framework -> the version that is assumed.
        frameworks: packages whose import makes a file one of machine learning.
        setters: functions that are called, not assigned to.
        entries_by_leaf: the entries, by the last parts of their names.
        facts_by_leaf: the facts, by the last parts of their names.
    """

    entries: tuple[Entry, ...]
    facts: tuple[Fact, ...]
    settings: Mapping[str, tuple[Setting, ...]]
    variables: Mapping[str, Variable]
    aliases_of: Mapping[str, tuple[tuple[str, str], ...]]
    assumed: Mapping[str, str]
    frameworks: frozenset[str]
    setters: frozenset[str]
    entries_by_leaf: Mapping[str, tuple[Entry, ...]]
    facts_by_leaf: Mapping[str, tuple[Fact, ...]]
    _canonical: dict[str, str] = field(default_factory=dict)

    def canonical(self, path: str) -> str:
        """Give a path the one name under which the catalog knows it."""
        canonical = self._canonical.get(path)
        if canonical is None:
            canonical = path
            for alias, name in self.aliases_of.get(path.partition(".")[0], ()):
                if path.startswith(alias) and path[len(alias) : len(alias) + 1] in ("", ".", "("):
                    canonical = self.canonical(name + path[len(alias) :])
                    break
            if len(self._canonical) > 100_000:
                self._canonical.clear()
            self._canonical[path] = canonical
        return canonical


def is_named(path: str, name: str) -> bool:
    """Tell whether a path is that of a catalog's name."""
    if path == name:
        return True
    head, star, leaf = name.partition(".*.")
    return bool(star) and path.startswith(head + ".") and path.endswith("." + leaf) and "(" not in path
