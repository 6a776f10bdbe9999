"""What a rule is: its page, and what it listens to."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from inspect import cleandoc
from typing import Any

from samebits.lint.finding import Fix


class Event(Enum):
    """What a rule can listen to, in the order in which a file's events come.

    In brackets is what a check is handed; all checks but those of the last four events get the file first.
    """

    CALL = auto()  #: a call whose name is known (call, path)
    ENTRY = auto()  #: what an entry of the catalogs with the rule's code describes (match)
    SET_READ = auto()  #: a set is read in its order (read)
    NAMED_CALL = auto()  #: a call by its last name alone, whatever that stands for (call)
    SETTER = auto()  #: a function that the catalogs know as a setter is assigned to (assigned)
    SETTING = auto()  #: what a setting of the catalogs with the rule's code describes (assigned, setting)
    ATTRIBUTE = auto()  #: an attribute gets a value (assigned); ``names`` are last parts
    NAMED = auto()  #: a name that ends in one of ``names`` gets a value, in any way (name, value, node)
    TEXT = auto()  #: a text that holds one of ``names`` (constant)
    VARIABLE = auto()  #: an environment variable gets a value (variable)
    FILE = auto()  #: the file as a whole ()
    UNREADABLE = auto()  #: a file that cannot be analysed (error)
    CUDA_SOURCE = auto()  #: a CUDA source (text, context); columns are in characters
    REQUIREMENTS = auto()  #: a ``requirements.txt`` (path, text); columns are in characters
    SUPPRESSION = auto()  #: a comment that ignores codes (source, suppression)


@dataclass(frozen=True)
class Span:
    """A place in a text that no node stands for, named as nodes name theirs: columns in bytes from 0."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


@dataclass(frozen=True)
class Diagnostic:
    """What a rule has found.

    Attributes:
        node: where: a node or a span.
        message: what is wrong and what mends it.
        severity: the rule's if not given.
        fix: what ``--fix`` would do.
        unless: facts of the project, any of which makes it void.
        soften: facts of the project, any of which makes it a note.
    """

    node: Any
    message: str
    severity: str | None = None
    fix: Fix | None = None
    unless: tuple[str, ...] = ()
    soften: tuple[str, ...] = ()


Check = Callable[..., Iterable[Diagnostic]]


@dataclass(frozen=True)
class On:
    """A rule's ear: what it is called for.

    Attributes:
        event: the kind of event.
        check: gets what the event hands on, and says what it finds.
        names: what the event is narrowed to; empty for all.
        beginnings: of calls: paths that begin so count, too.
    """

    event: Event
    check: Check
    names: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()

    @property
    def leaves(self) -> frozenset[str]:
        """The last parts of the names."""
        return frozenset(name.rpartition(".")[2] for name in self.names)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule and its page.

    Attributes:
        code: ``SB102``.
        name: in words with hyphens; the module has the same, with underscores.
        summary: one line.
        why: what goes wrong without it.
        bad: code that it reports.
        good: the same, mended.
        source: where this is known from.
        severity: unless the context says otherwise.
        default: whether it is on unless selected.
        listens: what it is called for.
        words: a file that holds none of them, nor ``pattern``, nor a name of the catalogs, is not looked at.
        pattern: what a file can hold in place of a word.
        one_a_place: only the first that it finds at a place counts.
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
    listens: tuple[On, ...] = ()
    words: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    one_a_place: bool = False

    def __post_init__(self) -> None:
        """Take the indentation of this file from the examples."""
        for field in ("bad", "good"):
            object.__setattr__(self, field, cleandoc(getattr(self, field)))
