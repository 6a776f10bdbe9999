"""Values that only go into messages, or into seeds."""

import ast
from typing import Any, Final

from samebits.lint.semantics.syntax import ancestors, leaf, parent, scope_of

_SAYING: Final = frozenset(
    "print info debug warning error critical exception log write format echo pprint set_postfix "
    "set_description log_metric log_param add_scalar warn log_text secho rule".split()
)
_GENERATORS: Final = ("default_rng", "RandomState", "PRNGKey", "Random", "Generator")


def is_said(node: Any) -> bool:
    """Tell whether a value only goes into a message."""
    for outer in ancestors(node):
        if isinstance(outer, ast.Call) and leaf(outer) in _SAYING:
            return True
        if isinstance(outer, ast.stmt):
            return isinstance(outer, ast.Raise)
    return False


def is_only_said(node: Any) -> bool:
    """Tell whether a value, or the name that it is given, only goes into messages."""
    if is_said(node):
        return True
    assign = parent(node)
    if not isinstance(assign, ast.Assign):
        return False
    names = [target for target in assign.targets if isinstance(target, ast.Name)]
    uses = [use for name in names for use in scope_of(name).loads.get(name.id, ()) if use is not name]
    return len(names) == len(assign.targets) and bool(uses) and all(map(is_said, uses))


def is_in_seed(node: Any) -> bool:
    """Tell whether a node stands where a seed is made, which SB202 reports."""
    for outer in ancestors(node):
        if isinstance(outer, ast.keyword) and outer.arg:
            if "seed" in outer.arg or outer.arg == "random_state":
                return True
        if isinstance(outer, ast.Call):
            name = leaf(outer)
            if "seed" in name.lower() or name in _GENERATORS:
                return True
        if isinstance(outer, ast.Assign):
            return any("seed" in _name(target).lower() for target in outer.targets)
        if isinstance(outer, ast.stmt):
            return False
    return False


def _name(target: ast.expr) -> str:
    return str(getattr(target, "id", getattr(target, "attr", "")))
