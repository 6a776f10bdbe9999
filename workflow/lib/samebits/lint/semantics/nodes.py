"""The nodes of a file that rules ask for, sorted out by one pass over its tree."""

import ast
from dataclasses import dataclass, field
from typing import Any

from samebits.lint.semantics.scopes import Function, Scope

Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


@dataclass(frozen=True)
class Nodes:
    """What ``walk`` collects. Calls, assignments, loops, dicts and tests are in the order of the source.

    Attributes:
        tree: the parsed file.
        module: its outermost scope.
        calls: all calls.
        calls_of: the calls of a function or method, by its last name.
        assigns: assignments of all kinds.
        loops: ``for`` loops and the ``for`` parts of comprehensions: all with ``.iter``.
        dicts: dict displays.
        strings: texts of more than three characters.
        functions: all but lambdas.
        classes: all.
        tests: what has a ``.test``: if, while and conditional expressions.
        modules: everything imported, in full.
        roots: the packages of these.
        imports: module -> the first line at which it is imported at module level.
        local: ``local:name@line`` -> the function of this file for which that path stands.
        aliases: names and attributes that may stand for a function of another name.
    """

    tree: ast.Module
    module: Scope
    calls: list[ast.Call] = field(default_factory=list)
    calls_of: dict[str, list[ast.Call]] = field(default_factory=dict)
    assigns: list[Assignment] = field(default_factory=list)
    loops: list[Any] = field(default_factory=list)
    dicts: list[ast.Dict] = field(default_factory=list)
    strings: list[ast.Constant] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)
    tests: list[ast.If | ast.While | ast.IfExp] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=set)
    imports: dict[str, int] = field(default_factory=dict)
    local: dict[str, Function] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)

    def calls_named(self, *names: str) -> list[ast.Call]:
        """Return the calls whose last name is one of these, name by name."""
        return [call for name in names for call in self.calls_of.get(name, ())]
