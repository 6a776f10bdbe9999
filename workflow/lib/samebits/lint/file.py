"""What rules see of a file."""

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from samebits.lint.catalog import Catalog
from samebits.lint.context import Context
from samebits.lint.reading import Source
from samebits.lint.semantics import Semantics


@dataclass(frozen=True)
class File:
    """A file and all that is known of it.

    Attributes:
        source: its text.
        semantics: what its code means.
        context: where it is to run.
        catalog: what is known of frameworks.
        calls: the calls that a rule may want to know, with the paths of what they call.
        facts: what the file does for its project, such as seeding.
    """

    source: Source
    semantics: Semantics
    context: Context
    catalog: Catalog
    calls: tuple[tuple[ast.Call, str], ...] = ()
    facts: frozenset[str] = frozenset()

    def path(self, node: Any) -> str:
        """Return the dotted path of an expression, as the catalogs write it."""
        return self.catalog.canonical(self.semantics.path(node))

    @cached_property
    def frameworks(self) -> frozenset[str]:
        """The frameworks that the file imports."""
        nodes = self.semantics.nodes
        roots = {self.catalog.canonical(module).partition(".")[0] for module in nodes.modules}
        return frozenset((roots | nodes.roots) & self.catalog.frameworks)

    @cached_property
    def is_ml(self) -> bool:
        """Whether the file is one of machine learning."""
        return bool(self.frameworks) or self.context.sealed


def known_calls(
    semantics: Semantics, catalog: Catalog, leaves: frozenset[str]
) -> tuple[tuple[ast.Call, str], ...]:
    """Return the calls that may be of interest, with what they call; most are of none.

    Args:
        semantics: of the file.
        catalog: gives the names under which paths are known.
        leaves: last parts of the names that rules ask for.
    """
    aliases = semantics.nodes.aliases
    calls = []
    for call in semantics.nodes.calls:
        function = call.func
        kind = function.__class__
        if kind is ast.Attribute:
            leaf = function.attr  # type: ignore[attr-defined]
        elif kind is ast.Name:
            leaf = function.id  # type: ignore[attr-defined]
        else:
            leaf = None
        if leaf is None or leaf in leaves or leaf in aliases:
            calls.append((call, catalog.canonical(semantics.path(function))))
    return tuple(calls)
