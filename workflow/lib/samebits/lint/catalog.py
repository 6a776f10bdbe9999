"""The catalogs: what is known about frameworks, read from ``catalog/*.toml``.

Knowledge lives there and not in code, each entry with its condition, effect, alternative and source.
docs/lint.md describes the format.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import SpecifierSet

FOLDER: Final = Path(__file__).with_name("catalog")
EFFECTS: Final = ("raises", "switch", "varies", "slower")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must hold for an argument of a call.

    Attributes:
        arguments: the names it goes by.
        position: where it stands when it is given without a name.
        equals: it may be one of these (an absent one is ``default``).
        differs: it is known to be none of these.
        given: it is (or is not) handed over at all; None counts as not.
        unknown: what holds where the value cannot be known.
        default: the value of an absent argument.
        path: what the path of the argument must begin with.
    """

    arguments: tuple[str, ...]
    position: int | None = None
    equals: tuple[Any, ...] | None = None
    differs: tuple[Any, ...] | None = None
    given: bool | None = None
    unknown: bool = False
    default: Any = None
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A call, class or operator, and when it matters.

    Attributes:
        code: the rule.
        names: its full paths; ``sklearn.*.KMeans`` stands for any module below ``sklearn``.
        methods: as methods, of receivers whose path is as ``on`` says.
        on: what a path of the receiver begins with; ``tensor`` for PyTorch's tensors.
        distinct: no other library has such methods, so that the receiver may be unknown.
        framework: whose version ``versions`` speaks of.
        versions: the versions that are concerned.
        device: ``cpu``, ``cuda`` or ``any``.
        backward: only where gradients are computed.
        integers: True where integer tensors are not concerned.
        receiver: a part that the receiver's path must hold.
        when: conditions on arguments, all of which must hold.
        effect: what an operator does (see ``Context.severity``); empty for all else.
        severity: of what is no operator; the rule's if not given.
        tier: the tier from which on it matters.
        unless: facts that make it void.
        soften: facts that make it a note.
        sealed: how a recipe sees it: ``same``, ``off``, ``only``, or a severity.
        what: what happens.
        use: what to do instead.
        source: where this is known from.
        fix: argument -> value to set.
        order: it yields in no order: void where its consumer does not care (``listing``, ``futures``).
        table: an argument that is a dict of parameters, in which the conditions look, and its position.
    """

    code: str
    names: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    distinct: bool = False
    framework: str = ""
    versions: SpecifierSet | None = None
    device: str = "any"
    backward: bool = False
    integers: bool = False
    receiver: str = ""
    when: tuple[Condition, ...] = ()
    effect: str = ""
    severity: str = ""
    tier: str = "unseeded"
    unless: tuple[str, ...] = ()
    soften: tuple[str, ...] = ()
    sealed: str = "same"
    what: str = ""
    use: str = ""
    source: str = ""
    fix: tuple[tuple[str, str], ...] = ()
    order: str = ""
    table: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A call or assignment that mends something for the whole project, such as seeding."""

    names: tuple[str, ...]
    facts: tuple[str, ...]
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An attribute that must not be assigned certain values, or not at all."""

    code: str
    names: tuple[str, ...]
    equals: tuple[Any, ...] | None = None
    device: str = "any"
    tier: str = "deterministic"
    severity: str = ""
    sealed: str = "same"
    what: str = ""
    use: str = ""
    source: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """An environment variable that is read once: when Python starts, or when a module is imported."""

    name: str
    readers: tuple[str, ...] = ()
    what: str = ""
    source: str = ""
    off: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule's page.

    Attributes:
        code: ``SB102``.
        name: in words with hyphens.
        summary: one line.
        why: what goes wrong without it.
        bad: code that it reports.
        good: the same, mended.
        source: where this is known from.
        severity: unless the context says otherwise.
        default: whether it is on unless selected.
    """

    code: str
    name: str
    summary: str
    why: str
    bad: str
    good: str
    source: str
    severity: str = "warning"
    default: bool = True


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All that is known."""

    rules: Mapping[str, Rule]
    entries: tuple[Entry, ...]
    facts: tuple[Fact, ...]
    settings: tuple[Setting, ...]
    variables: Mapping[str, Variable]
    aliases_of: Mapping[str, tuple[tuple[str, str], ...]]
    assumed: Mapping[str, str]
    frameworks: frozenset[str]
    setters: frozenset[str]
    entries_by_leaf: Mapping[str, tuple[Entry, ...]]
    facts_by_leaf: Mapping[str, tuple[Fact, ...]]
    _known: dict[str, str] = field(default_factory=dict)

    def canonical(self, path: str) -> str:
        """Give a path the one name under which the catalog knows it."""
        found = self._known.get(path)
        if found is None:
            found = path
            for alias, name in self.aliases_of.get(path.partition(".")[0], ()):
                if path.startswith(alias) and path[len(alias) : len(alias) + 1] in ("", ".", "("):
                    found = self.canonical(name + path[len(alias) :])
                    break
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[path] = found
        return found


def is_named(path: str, name: str) -> bool:
    """Tell whether a path is that of a catalog's name."""
    if path == name:
        return True
    head, star, leaf = name.partition(".*.")
    return bool(star) and path.startswith(head + ".") and path.endswith("." + leaf) and "(" not in path


def texts() -> list[tuple[str, str]]:
    """Return the names and contents of all catalog files, sorted."""
    return [(path.name, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))]


@cache
def load() -> Catalog:
    """Read all catalogs.

    Raises:
        ValueError: an entry is malformed; a test reads them all.
    """
    parts: dict[str, list[Any]] = {}
    assumed: dict[str, str] = {}
    aliases: dict[str, str] = {}
    frameworks: set[str] = set()
    setters: set[str] = set()
    for name, text in texts():
        document = tomllib.loads(text)
        try:
            for table, item in document.items():
                match table:
                    case "call" | "operator":
                        parts.setdefault("entry", []).extend(_entry(each) for each in item)
                    case "fact":
                        parts.setdefault("fact", []).extend(_fact(each) for each in item)
                    case "setting":
                        parts.setdefault("setting", []).extend(_make(Setting, each) for each in item)
                    case "variable":
                        parts.setdefault("variable", []).extend(_make(Variable, each) for each in item)
                    case "rule":
                        parts.setdefault("rule", []).extend(_make(Rule, each) for each in item)
                    case "framework":
                        for framework, values in item.items():
                            assumed |= {framework: values["assumed"]} if "assumed" in values else {}
                            aliases |= values.get("aliases", {})
                            frameworks |= set(values.get("modules", ()))
                    case "setters":
                        setters |= set(item["names"])
                    case _:
                        raise ValueError(f"unknown table {table!r}")
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"catalog/{name}: {error}") from None
    entries = tuple(parts["entry"])
    rules = {rule.code: rule for rule in sorted(parts["rule"], key=lambda rule: rule.code)}
    if unknown := {entry.code for entry in entries} - set(rules):
        raise ValueError(f"no page for {sorted(unknown)}")
    return Catalog(
        rules=rules,
        entries=entries,
        facts=tuple(parts["fact"]),
        settings=tuple(parts["setting"]),
        variables={each.name: each for each in parts["variable"]},
        aliases_of=_by_root(aliases),
        assumed=assumed,
        frameworks=frozenset(frameworks),
        setters=frozenset(setters),
        entries_by_leaf=_by_leaf((e, (*e.names, *e.methods)) for e in entries),
        facts_by_leaf=_by_leaf((f, f.names) for f in parts["fact"]),
    )


def _by_leaf(pairs: Iterable[tuple[Any, Iterable[str]]]) -> dict[str, tuple[Any, ...]]:
    table: dict[str, list[Any]] = {}
    for entry, names in pairs:
        for leaf in dict.fromkeys(name.rpartition(".")[2] for name in names):
            table.setdefault(leaf, []).append(entry)
    return {leaf: tuple(found) for leaf, found in table.items()}


def _by_root(aliases: dict[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Group aliases by the root they begin with, the longest first."""
    table: dict[str, list[tuple[str, str]]] = {}
    for pair in sorted(aliases.items(), key=lambda pair: -len(pair[0])):
        table.setdefault(pair[0].partition(".")[0], []).append(pair)
    return {root: tuple(pairs) for root, pairs in table.items()}


def _entry(table: dict[str, Any]) -> Entry:
    table = dict(table)
    if "versions" in table:
        table["versions"] = SpecifierSet(table["versions"])
    table["when"] = tuple(_condition(each) for each in table.get("when", ()))
    table["fix"] = tuple(table.get("fix", {}).items())
    entry: Entry = _make(Entry, table)
    if entry.effect and entry.effect not in EFFECTS:
        raise ValueError(f"effect {entry.effect!r} is none of {', '.join(EFFECTS)}")
    if not entry.source or not entry.what:
        raise ValueError(f"{entry.code} {entry.names or entry.methods}: needs `what` and `source`")
    return entry


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
    known = {field.name for field in fields(kind)}
    if unknown := set(table) - known:
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)[0]!r}")
    return kind(**{key: _frozen(value) for key, value in table.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
