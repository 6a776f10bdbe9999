"""Which entry of the catalogs describes a call, or a function or class that is handed on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from samebits.lint.catalog import conditions, is_named
from samebits.lint.catalog.entries import Entry, Setting
from samebits.lint.file import File
from samebits.lint.questions.consumers import is_free
from samebits.lint.questions.training import without_gradients
from samebits.lint.semantics import UNKNOWN
from samebits.lint.semantics.syntax import ancestors, keyword_value, leaf, parent
from samebits.lint.semantics.tensor_paths import is_integer_tensor, is_tensor
from samebits.sealed.tiers import at_least

#: calls that take a class or function without calling it
_ASK: Final = frozenset(
    {"isinstance", "issubclass", "hasattr", "print", "type", "repr", "str", "id", "getattr", "setattr", "len"}
)
#: calls that call what they are handed
_CALLING: Final = frozenset(
    "partial map vmap checkpoint apply_to_collection starmap grad jit compile".split()
)
_INTEGER_TYPES: Final = frozenset("int long int32 int64 int16 int8 uint8 bool short".split())


@dataclass(frozen=True)
class Match:
    """An entry, and what it describes.

    Attributes:
        entry: of a catalog.
        path: of what is called or handed on.
        node: the call, or the function or class.
        call: the call; None for what is handed on.
    """

    entry: Entry
    path: str
    node: Any
    call: ast.Call | None = None


@dataclass(frozen=True)
class Assigned:
    """An attribute that gets a value.

    Attributes:
        node: the assignment.
        target: the attribute.
        path: of the attribute.
        value: what it gets.
    """

    node: Any
    target: ast.Attribute
    path: str
    value: ast.expr


def matches(file: File) -> Iterator[Match]:
    """Yield what entries of the catalogs concern: for each call and reference the first that does."""
    entries = file.catalog.entries_by_leaf
    for call, path in file.calls:
        for entry in entries.get(path.rpartition(".")[2], ()):
            if _describes(file, entry, path) and _concerns_call(file, entry, call, path):
                yield Match(entry, path, call, call)
                break
    for node in _references(file):
        if isinstance(node, ast.Attribute) and node.attr not in entries:
            continue
        path = file.path(node)
        for entry in entries.get(path.rpartition(".")[2], ()):
            if entry.when or not entry.effect or not any(is_named(path, name) for name in entry.names):
                continue
            if _concerns(file, entry, node, path):
                yield Match(entry, path, node)
                break


def setting_of(file: File, assigned: Assigned) -> Setting | None:
    """Return the setting that an assignment contradicts."""
    settings = file.catalog.settings.get(assigned.path, ())
    return next((each for each in settings if _concerns_value(file, each, assigned.value)), None)


def _concerns_value(file: File, setting: Setting, value: ast.expr) -> bool:
    if not file.context.runs_on(setting.device) or not at_least(file.context.tier, setting.tier):
        return False
    if setting.equals is None:
        return True
    values = file.semantics.values(value)
    return values is not None and conditions.includes(values, setting.equals)


def _describes(file: File, entry: Entry, path: str) -> bool:
    """Tell whether a called path is the entry's."""
    if any(is_named(path, name) for name in entry.names):
        return True
    if not entry.methods:
        return False
    receiver, _, method = path.rpartition(".")
    if method not in entry.methods:
        return False
    if receiver.startswith(UNKNOWN) or not receiver:
        root = entry.framework or entry.on[0].partition(".")[0]
        return entry.distinct and (root in file.frameworks or root in file.semantics.nodes.roots)
    return any(
        is_tensor(receiver) if each == "tensor" else receiver.startswith(each) and "(" in receiver
        for each in entry.on
    )


def _concerns(file: File, entry: Entry, node: Any, path: str) -> bool:
    """Tell whether the entry counts in this context, and where the node stands."""
    context = file.context
    if not context.has(entry.framework, entry.versions) or not context.runs_on(entry.device):
        return False
    if (entry.sealed == "off" and context.sealed) or (entry.sealed == "only" and not context.sealed):
        return False
    if entry.receiver and entry.receiver not in path.rpartition(".")[0]:
        return False
    return not (entry.backward and without_gradients(file, node))


def _concerns_call(file: File, entry: Entry, call: ast.Call, path: str) -> bool:
    """Tell whether the entry counts for a call: by context, tensors, arguments and what follows."""
    if not _concerns(file, entry, call, path):
        return False
    subject = path.rpartition(".")[0]
    if not is_tensor(subject) and call.args:
        subject = file.path(call.args[0])
    if entry.device == "cuda" and is_tensor(subject) and subject.endswith((".cpu()", '.to("cpu")')):
        return False
    # what holds integers has no gradient
    if entry.integers or entry.backward:
        if is_integer_tensor(subject) or _has_integer_type(file, call):
            return False
    if not conditions.hold(call, entry.when, file.semantics, file.catalog, entry.table):
        return False
    if _is_seeded_later(file, entry, call):
        return False
    return entry.order is None or not is_free(file, call, entry.order)


def _has_integer_type(file: File, call: ast.Call) -> bool:
    given = keyword_value(call, "dtype")
    return given is not None and file.path(given).rpartition(".")[2] in _INTEGER_TYPES


def _is_seeded_later(file: File, entry: Entry, call: ast.Call) -> bool:
    """Tell whether an estimator gets its seed after it is made: by ``set_params`` or by assignment."""
    if not entry.fix or entry.fix[0][0] not in ("random_state", "seed"):
        return False
    name, outer = entry.fix[0][0], parent(call)
    if isinstance(outer, ast.Attribute) and outer.attr == "set_params":
        setter_call = parent(outer)
        return any(keyword.arg == name for keyword in getattr(setter_call, "keywords", ()))
    if not isinstance(outer, ast.Assign):
        return False
    nodes, text = file.semantics.nodes, ast.unparse(outer.targets[0])
    for setter in nodes.calls_named("set_params"):
        function = setter.func
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) == text:
            return any(keyword.arg == name for keyword in setter.keywords)
    return any(
        isinstance(target, ast.Attribute) and target.attr == name and ast.unparse(target.value) == text
        for assign in nodes.assigns
        for target in (assign.targets if isinstance(assign, ast.Assign) else ())
    )


def _references(file: File) -> list[Any]:
    """Return functions and classes that are handed on without being called here."""
    nodes = file.semantics.nodes
    references: list[Any] = []
    for call in nodes.calls:
        if isinstance(call.func, ast.Name) and call.func.id in _ASK:
            continue
        given = [keyword.value for keyword in call.keywords]
        if leaf(call) in _CALLING:
            given += call.args
        references += [each for each in given if each.__class__ is ast.Attribute]
    for table in nodes.dicts:
        references += [each for each in table.values if each.__class__ is ast.Attribute]
    for node in nodes.classes:
        references += [base for base in node.bases if isinstance(base, ast.Attribute | ast.Name)]
    return [each for each in references if not _is_asked_about(each)]


def _is_asked_about(node: Any) -> bool:
    return any(
        isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name) and outer.func.id in _ASK
        for outer in ancestors(node)
    )
