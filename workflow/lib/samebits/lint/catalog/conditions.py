"""Whether the conditions of a catalog's entry hold for a call."""

import ast
from typing import Any

from samebits.lint.catalog.catalog import Catalog
from samebits.lint.catalog.entries import Condition
from samebits.lint.semantics import Semantics
from samebits.lint.semantics.syntax import argument

Table = tuple[Any, ...]


def hold(
    call: ast.Call,
    conditions: tuple[Condition, ...],
    semantics: Semantics,
    catalog: Catalog,
    table: Table = (),
) -> bool:
    """Tell whether all conditions hold for a call; ``table`` is as in ``Entry``."""
    return all(_holds(call, condition, semantics, catalog, table) for condition in conditions)


def _holds(
    call: ast.Call, condition: Condition, semantics: Semantics, catalog: Catalog, table: Table
) -> bool:
    value = given(call, condition, semantics, table)
    holder = argument(call, table[0], table[1]) if table else None
    if value is call or (value is not None and value is holder):
        return condition.unknown
    if condition.path:
        return value is not None and catalog.canonical(semantics.path(value)).startswith(condition.path)
    if condition.given is not None:
        none = value is None or semantics.is_none(value)
        return none is not condition.given
    constants = frozenset([condition.default]) if value is None else semantics.values(value)
    if constants is None:
        return condition.unknown
    if condition.equals is not None:
        return includes(constants, condition.equals)
    assert condition.differs is not None  # noqa: S101  a condition has one kind, by the catalog's test
    return not includes(constants, condition.differs)


def includes(constants: frozenset[Any], wanted: tuple[Any, ...]) -> bool:
    """Tell whether one of the constants is wanted.

    True is 1 in Python, but ``num_leaves=1`` is no ``True``.
    """
    return any(
        isinstance(each, bool) is isinstance(other, bool) and bool(each == other)
        for each in constants
        for other in wanted
    )


def given(call: ast.Call, condition: Condition, semantics: Semantics, table: Table = ()) -> Any:
    """Return the expression for a condition's argument; None if absent, the call or table if unknown."""
    if table:
        holder = argument(call, table[0], table[1])
        if holder is call:
            return holder
        in_table = _in_dict(holder, condition.arguments, semantics) if holder is not None else None
        return in_table if in_table is not None else _keyword(call, condition.arguments)
    for name in condition.arguments:
        value = argument(call, name, condition.position)
        if value is call:
            return _in_stars(call, condition, semantics)
        if value is not None:
            return value
    return None


def _keyword(call: ast.Call, names: tuple[str, ...]) -> Any:
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _in_stars(call: ast.Call, condition: Condition, semantics: Semantics) -> Any:
    """Return an argument from ``**kwargs``; the call itself where they are unknown."""
    if any(isinstance(each, ast.Starred) for each in call.args) and condition.position is not None:
        return call
    for keyword in call.keywords:
        if keyword.arg is None:
            value = _in_dict(keyword.value, condition.arguments, semantics)
            if value is not None:
                return call if value is keyword.value else value
    return None


def _in_dict(holder: Any, keys: tuple[str, ...], semantics: Semantics) -> Any:
    """Return a key's value from a dict; None if it lacks the keys, ``holder`` itself if that is unknown."""
    table = semantics.literal(holder)
    if isinstance(table, ast.Dict):
        unknown = False
        for name, value in zip(table.keys, table.values, strict=True):
            if name is None:
                inner = _in_dict(value, keys, semantics)
                if inner is value:
                    unknown = True
                elif inner is not None:
                    return inner
            elif isinstance(name, ast.Constant) and name.value in keys:
                return value
        later = _set_later(holder, keys, semantics)
        return later if later is not None else holder if unknown else None
    if isinstance(table, ast.Call):
        value = _keyword(table, keys)
        if value is not None:
            return value
        if table.args or any(keyword.arg is None for keyword in table.keywords):
            return holder
        return _set_later(holder, keys, semantics)
    return holder


def _set_later(holder: Any, keys: tuple[str, ...], semantics: Semantics) -> Any:
    """Return the value of ``params["seed"] = 1``, ``params.update(seed=1)`` and the like, for a name."""
    if not isinstance(holder, ast.Name):
        return None
    for assign in semantics.nodes.assigns:
        for target in assign.targets if isinstance(assign, ast.Assign) else ():
            if isinstance(target, ast.Subscript) and _is_key_of(target, holder.id, keys):
                return assign.value
    for call in semantics.nodes.calls_named("update"):
        function = call.func
        if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
            continue
        if function.value.id == holder.id:
            value = _keyword(call, keys)
            if value is None and call.args:
                value = _in_dict(call.args[0], keys, semantics)
            if value is not None:
                return value
    return None


def _is_key_of(target: ast.Subscript, name: str, keys: tuple[str, ...]) -> bool:
    """Tell whether a target is ``name[key]``."""
    owner, key = target.value, target.slice
    if not (isinstance(owner, ast.Name) and owner.id == name):
        return False
    return isinstance(key, ast.Constant) and key.value in keys
