"""The catalogs, read from the TOML files of this folder."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import SpecifierSet

from samebits.lint.catalog.catalog import Catalog
from samebits.lint.catalog.entries import Condition, Effect, Entry, Fact, Order, Setting, Variable

FOLDER: Final = Path(__file__).parent


def texts() -> list[tuple[str, str]]:
    """Return the names and contents of all catalog files, sorted."""
    return [(path.name, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))]


@cache
def load() -> Catalog:
    """Read all catalogs.

    Raises:
        ValueError: an entry is malformed; a test reads them all.
    """
    tables = _Tables()
    for name, text in texts():
        try:
            for table, item in tomllib.loads(text).items():
                tables.add(table, item)
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"catalog/{name}: {error}") from None
    return Catalog(
        entries=tuple(tables.entries),
        facts=tuple(tables.facts),
        settings=_by(str, ((each, each.names) for each in tables.settings)),
        variables={each.name: each for each in tables.variables},
        aliases_of=_by_root(tables.aliases),
        assumed=tables.assumed,
        frameworks=frozenset(tables.frameworks),
        setters=frozenset(tables.setters),
        entries_by_leaf=_by(_leaf, ((each, (*each.names, *each.methods)) for each in tables.entries)),
        facts_by_leaf=_by(_leaf, ((each, each.names) for each in tables.facts)),
    )


@dataclass(frozen=True)
class _Tables:
    """The tables of all files, put together."""

    entries: list[Entry] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)
    frameworks: set[str] = field(default_factory=set)
    setters: set[str] = field(default_factory=set)

    def add(self, table: str, item: Any) -> None:
        """Add one table of a file."""
        match table:
            case "call" | "operator":
                self.entries.extend(_entry(each) for each in item)
            case "fact":
                self.facts.extend(_fact(each) for each in item)
            case "setting":
                self.settings.extend(_make(Setting, each) for each in item)
            case "variable":
                self.variables.extend(_make(Variable, each) for each in item)
            case "framework":
                for framework, values in item.items():
                    if "assumed" in values:
                        self.assumed[framework] = values["assumed"]
                    self.aliases.update(values.get("aliases", {}))
                    self.frameworks.update(values.get("modules", ()))
            case "setters":
                self.setters.update(item["names"])
            case _:
                raise ValueError(f"unknown table {table!r}")


def _by(key: Callable[[str], str], pairs: Iterable[tuple[Any, Iterable[str]]]) -> dict[str, tuple[Any, ...]]:
    """Group entries by the keys of their names."""
    groups: dict[str, list[Any]] = {}
    for entry, names in pairs:
        for each in dict.fromkeys(map(key, names)):
            groups.setdefault(each, []).append(entry)
    return {each: tuple(group) for each, group in groups.items()}


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _by_root(aliases: dict[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Group aliases by the root they begin with, the longest first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for pair in sorted(aliases.items(), key=lambda pair: -len(pair[0])):
        groups.setdefault(pair[0].partition(".")[0], []).append(pair)
    return {root: tuple(pairs) for root, pairs in groups.items()}


def _entry(table: dict[str, Any]) -> Entry:
    table = dict(table)
    if "versions" in table:
        table["versions"] = SpecifierSet(table["versions"])
    table["when"] = tuple(_condition(each) for each in table.get("when", ()))
    table["fix"] = tuple(table.get("fix", {}).items())
    for key, kind in (("effect", Effect), ("order", Order)):
        if key in table:
            table[key] = _member(kind, table[key])
    entry: Entry = _make(Entry, table)
    if not entry.source or not entry.what:
        raise ValueError(f"{entry.code} {entry.names or entry.methods}: needs `what` and `source`")
    return entry


def _member(kind: type[StrEnum], value: str) -> StrEnum:
    if value not in list(kind):
        raise ValueError(f"{kind.__name__.lower()} {value!r} is none of {', '.join(kind)}")
    return kind(value)


def _fact(table: dict[str, Any]) -> Fact:
    fact: Fact = _make(Fact, {**table, "when": tuple(_condition(each) for each in table.get("when", ()))})
    return fact


def _condition(table: dict[str, Any]) -> Condition:
    table = dict(table)
    names = table.pop("argument")
    table["arguments"] = (names,) if isinstance(names, str) else tuple(names)
    condition: Condition = _make(Condition, table)
    return condition


def _make(kind: Any, table: dict[str, Any]) -> Any:
    known = {each.name for each in fields(kind)}
    if unknown := set(table) - known:
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)[0]!r}")
    return kind(**{key: _frozen(value) for key, value in table.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
