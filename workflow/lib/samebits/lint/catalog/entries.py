"""What an entry of a catalog can say. docs/lint.md describes the format."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from packaging.specifiers import SpecifierSet


class Effect(StrEnum):
    """What an operator does under deterministic algorithms, or without them."""

    RAISES = "raises"
    SWITCH = "switch"  #: it is deterministic once they are on
    VARIES = "varies"  #: whatever is set
    SLOWER = "slower"


class Order(StrEnum):
    """What a call yields in no order; it matters only where its consumer minds."""

    LISTING = "listing"
    FUTURES = "futures"
    QUEUE = "queue"
    SET = "set"


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
        effect: what an operator does; None for all else.
        severity: of what is no operator; the rule's if not given.
        tier: the tier from which on it matters.
        unless: facts that make it void.
        soften: facts that make it a note.
        sealed: how a recipe sees it: ``same``, ``off``, ``only``, or a severity.
        what: what happens.
        use: what to do instead.
        source: where this is known from.
        fix: argument -> value to set.
        order: what it yields in no order.
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
    effect: Effect | None = None
    severity: str = ""
    tier: str = "unseeded"
    unless: tuple[str, ...] = ()
    soften: tuple[str, ...] = ()
    sealed: str = "same"
    what: str = ""
    use: str = ""
    source: str = ""
    fix: tuple[tuple[str, str], ...] = ()
    order: Order | None = None
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
