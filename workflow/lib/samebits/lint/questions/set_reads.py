"""Sets that are read in their order, and who reads them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from samebits.lint.catalog.entries import Order
from samebits.lint.file import File
from samebits.lint.questions.consumers import is_free_in
from samebits.lint.questions.loops import counts
from samebits.lint.semantics.syntax import ancestors, leaf, parent

#: calls that read an iterable in its order
_CONSUMERS: Final = tuple(
    "list tuple enumerate iter map filter zip array asarray tensor as_tensor Series DataFrame join choice "
    "choices sample fromkeys chain islice extend Index concat concatenate stack vstack hstack cat next cycle "
    "product permutations combinations Categorical LongTensor shuffle deque tqdm from_iterable".split()
)
_NO_SETS: Final = (ast.Constant, ast.List, ast.Tuple, ast.Dict)
_SAYING: Final = frozenset(
    "print info debug warning error critical exception log warn format echo secho rank_zero_warn".split()
)


@dataclass(frozen=True)
class SetRead:
    """A set that is read in its order.

    Attributes:
        iterable: the set.
        consumer: the call, loop or comprehension that reads it.
    """

    iterable: Any
    consumer: Any


def set_reads(file: File) -> Iterator[SetRead]:
    """Yield the sets of a file whose order reaches a result."""
    nodes = file.semantics.nodes
    for loop in nodes.loops:
        if _is_read_in_order(file, loop.iter, loop):
            yield SetRead(loop.iter, loop)
    for call in nodes.calls_named(*_CONSUMERS):
        for given in call.args:
            if _is_read_in_order(file, given, call):
                yield SetRead(given, call)


def _is_read_in_order(file: File, iterable: Any, consumer: Any) -> bool:
    if iterable.__class__ in _NO_SETS or file.path(iterable) != "set()":
        return False
    return not (is_free_in(file, consumer, Order.SET) or _is_message(iterable) or is_single(file, iterable))


def severity(file: File) -> str | None:
    """Return how bad the order of a set is: a recipe runs with a fixed salt of hashes."""
    return "note" if file.context.sealed else None


def makes_dict(consumer: Any) -> bool:
    """Tell whether a consumer builds a dict."""
    owner = parent(consumer)
    if isinstance(consumer, ast.comprehension) and isinstance(owner, ast.DictComp):
        return True
    if not isinstance(consumer, ast.Call):
        return False
    if leaf(consumer) == "fromkeys":
        return True
    outer: Any = consumer
    for _ in range(3):
        outer = parent(outer)
        if isinstance(outer, ast.comprehension) and isinstance(parent(outer), ast.DictComp):
            return True
        if isinstance(outer, ast.Call) and leaf(outer) == "dict":
            return True
    return False


def numbers_items(consumer: Any) -> bool:
    """Tell whether a dict's values, too, depend on the order in which a set is read."""
    if isinstance(consumer, ast.Call) and leaf(consumer) in ("enumerate", "zip"):
        return True
    owner = parent(consumer)
    return isinstance(owner, ast.DictComp) and counts(owner.value)


def is_single(file: File, node: Any) -> bool:
    """Tell whether a set is taken apart where its length was compared with 1: then it has no order."""
    if isinstance(node, ast.Call) and leaf(node) == "iter" and node.args:
        node = node.args[0]
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    text = ast.unparse(node)
    for call in file.semantics.nodes.calls_named("len"):
        outer = parent(call)
        if isinstance(outer, ast.Compare) and call.args and ast.unparse(call.args[0]) == text:
            sides = (outer.left, *outer.comparators)
            if any(isinstance(side, ast.Constant) and side.value == 1 for side in sides):
                return True
    return False


def _is_message(node: Any) -> bool:
    """Tell whether an expression becomes part of a message: in it, order matters to no number."""
    for outer in ancestors(node):
        if isinstance(outer, ast.JoinedStr | ast.Raise):
            return True
        if isinstance(outer, ast.Call):
            name = leaf(outer)
            if name in _SAYING or name.endswith(("Error", "Warning", "Exception")):
                return True
        if isinstance(outer, ast.stmt):
            return False
    return False
