"""Scopes, and the bindings that give names their values."""

import ast
from enum import Enum, auto
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(Enum):
    """What opens a scope."""

    MODULE = auto()
    CLASS = auto()
    FUNCTION = auto()
    COMPREHENSION = auto()


class How(Enum):
    """How a binding's ``node`` gives the value."""

    PATH = auto()  #: ``import torch``: it is a dotted path
    IMPORT = auto()  #: ``from torch import nn``: it is (module, name)
    VALUE = auto()  #: ``x = …``: the value
    ANNOTATION = auto()  #: ``x: int``: the annotation
    ITEM = auto()  #: ``for x in …``: what is iterated over
    INDEX = auto()  #: the counter of an ``enumerate``
    PART = auto()  #: ``x, y = …``: a part of the value
    PART_OF_ITEM = auto()  #: ``for x, y in …``: a part of an item
    PARAMETER = auto()  #: a parameter; ``where`` is its function
    FUNCTION = auto()  #: ``def x``
    CLASS = auto()  #: ``class x``
    UNKNOWN = auto()  #: nothing is known of the value


class Binding:
    """One way in which a name gets its value.

    Attributes:
        line: where.
        how: how ``node`` gives the value.
        node: see ``How``.
        scope: in which.
        where: of a parameter, its function.
    """

    __slots__ = ("how", "line", "node", "scope", "where")

    def __init__(self, line: int, how: How, node: Any, scope: "Scope", where: Any = None):
        self.line, self.how, self.node, self.scope, self.where = line, how, node, scope, where


class Scope:
    """A module, class, function or comprehension, with the names that are bound in it.

    Attributes:
        kind: what opens it.
        node: the node that opens it.
        parent: the scope around it.
        bindings: by name, in the order of the source.
        loads: where names are read, by name.
        returned: of a function, what its return statements give.
        attributes: of a class, what its methods assign to ``self``.
    """

    __slots__ = ("attributes", "bindings", "kind", "loads", "node", "parent", "returned")

    def __init__(self, kind: Kind, node: ast.AST, parent: "Scope | None"):
        self.kind, self.node, self.parent = kind, node, parent
        self.bindings: dict[str, list[Binding]] = {}
        self.loads: dict[str, list[ast.Name]] = {}
        self.returned: list[ast.expr] = []
        self.attributes: dict[str, list[Binding]] = {}

    def bind(self, name: str, line: int, how: How, node: Any, where: Any = None) -> None:
        """Record that ``name`` gets a value in this scope."""
        self.bindings.setdefault(name, []).append(Binding(line, how, node, self, where))

    def function(self) -> "Scope | None":
        """Return the innermost function's scope, this one included."""
        scope: Scope | None = self
        while scope is not None and scope.kind is not Kind.FUNCTION:
            scope = scope.parent
        return scope

    def class_of_self(self, name: str) -> "Scope | None":
        """Return the class whose instance ``name`` is, if it is the first parameter of a method."""
        function = self.function()
        while function is not None:
            node, outer = function.node, function.parent
            if outer is not None and outer.kind is Kind.CLASS and isinstance(node, Function):
                parameters = [*node.args.posonlyargs, *node.args.args]
                if parameters and parameters[0].arg == name and not _is_static(node):
                    return outer
            function = outer.function() if outer else None
        return None


def binding(name: str, scope: Scope, line: int) -> Binding | None:
    """Return what a name is bound to at a line.

    In its own scope the last binding before counts, in scopes around it the last of all.
    """
    at: Scope | None = scope
    first = True
    while at is not None:
        if (first or at.kind is not Kind.CLASS) and (bounds := at.bindings.get(name)):
            if at is scope or at.kind is Kind.COMPREHENSION:
                before = [each for each in bounds if each.line < line or each.how is not How.VALUE]
                bounds = [each for each in before if each.line <= line] or bounds
            return _with_value(bounds)[-1]
        first = False
        at = at.parent
    return None


def attribute(owner: Scope, name: str, depth: int = 0) -> Binding | None:
    """Return what ``self.name`` is bound to in a class or in its bases of the same file."""
    bounds = owner.attributes.get(name) or owner.bindings.get(name)
    if bounds:
        return _with_value(bounds)[0]
    if depth < 4 and isinstance(owner.node, ast.ClassDef) and owner.parent is not None:
        for base in owner.node.bases:
            if isinstance(base, ast.Name):
                bound = binding(base.id, owner.parent, base.lineno)
                if bound is not None and bound.how is How.CLASS:
                    return attribute(bound.node.inner, name, depth + 1)
    return None


def _with_value(bounds: list[Binding]) -> list[Binding]:
    """Return the bindings that are not None, or all if each is."""
    if len(bounds) == 1:  # as most names have
        return bounds
    return [each for each in bounds if not (each.how is How.VALUE and is_none(each.node))] or bounds


def is_none(node: Any) -> bool:
    """Tell whether an expression is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None


def _is_static(node: Function) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
