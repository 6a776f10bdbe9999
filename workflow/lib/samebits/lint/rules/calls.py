"""Calls, classes and operators that the catalogs describe."""

import ast
from typing import Any, Final

from samebits.lint.catalog import Entry, is_named
from samebits.lint.file import File, integer_tensor
from samebits.lint.finding import Fix
from samebits.lint.names import UNKNOWN, ancestors, is_tensor
from samebits.lint.rules import order

#: calls that take a class or function without calling it
_ASK: Final = frozenset(
    {"isinstance", "issubclass", "hasattr", "print", "type", "repr", "str", "id", "getattr", "setattr", "len"}
)

#: calls that call what they are handed
_CALLING: Final = frozenset(
    "partial map vmap checkpoint apply_to_collection starmap grad jit compile".split()
)


def check(file: File) -> None:
    """Report every call and every class handed on that an entry of the catalogs concerns."""
    leaves, facts = file.catalog.entries_by_leaf, file.catalog.facts_by_leaf
    for call, path in file.calls:
        function = call.func
        leaf = path.rpartition(".")[2]
        for entry in leaves.get(leaf, ()):
            if matches(file, entry, path) and concerns(file, entry, call, path):
                _report(file, entry, call, function, path)
                break
        for fact in facts.get(leaf, ()):
            if any(is_named(path, name) for name in fact.names) and all(
                file.holds(call, condition) for condition in fact.when
            ):
                file.facts.update(fact.facts)
    for node in _references(file):
        if isinstance(node, ast.Attribute) and node.attr not in leaves:
            continue
        path = file.path(node)
        for entry in leaves.get(path.rpartition(".")[2], ()):
            if entry.when or not entry.effect or not any(is_named(path, name) for name in entry.names):
                continue
            if concerns(file, entry, None, path, node):
                _report(file, entry, None, node, path)
                break


def matches(file: File, entry: Entry, path: str) -> bool:
    """Tell whether a called path is the entry's."""
    if any(is_named(path, name) for name in entry.names):
        return True
    if not entry.methods:
        return False
    receiver, _, leaf = path.rpartition(".")
    if leaf not in entry.methods:
        return False
    if receiver.startswith(UNKNOWN) or not receiver:
        root = entry.framework or entry.on[0].partition(".")[0]
        return entry.distinct and (root in file.frameworks or root in file.names.roots)
    for each in entry.on:
        if each == "tensor":
            if is_tensor(receiver):
                return True
        elif receiver.startswith(each) and "(" in receiver:
            return True
    return False


def concerns(file: File, entry: Entry, call: ast.Call | None, path: str, node: Any = None) -> bool:
    """Tell whether the entry's conditions hold here."""
    context = file.context
    if not context.has(entry.framework, entry.versions) or not context.runs_on(entry.device):
        return False
    if (entry.sealed == "off" and context.sealed) or (entry.sealed == "only" and not context.sealed):
        return False
    receiver = path.rpartition(".")[0]
    if entry.receiver and entry.receiver not in receiver:
        return False
    if call is not None:
        subject = receiver
        if not is_tensor(receiver) and call.args:
            subject = file.path(call.args[0])
        if entry.device == "cuda" and is_tensor(subject) and subject.endswith((".cpu()", '.to("cpu")')):
            return False
        # what holds integers has no gradient
        if (entry.integers or entry.backward) and (integer_tensor(subject) or _integer_type(file, call)):
            return False
        if not file.applies(call, entry):
            return False
        if _set_later(file, entry, call) or _for_the_base(entry, call):
            return False
    at = call if call is not None else node
    if entry.backward and at is not None and file.without_gradients(at):
        return False
    return not (entry.order and call is not None and order.is_free(file, call, entry.order))


def _for_the_base(entry: Entry, call: ast.Call) -> bool:
    """Tell whether an estimator goes to ``super().method(...)``: ensembles seed their own."""
    if entry.code != "SB701":
        return False
    for outer in ancestors(call):
        if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute):
            base = outer.func.value
            if isinstance(base, ast.Call) and getattr(base.func, "id", "") == "super":
                return True
    return False


def _set_later(file: File, entry: Entry, call: ast.Call) -> bool:
    """Tell whether an estimator gets its seed afterwards: ``set_params(random_state=0)``, or by
    assignment."""
    if not entry.fix or entry.fix[0][0] not in ("random_state", "seed"):
        return False
    name, outer = entry.fix[0][0], getattr(call, "parent", None)
    target = outer.targets[0] if isinstance(outer, ast.Assign) else None
    if isinstance(outer, ast.Attribute) and outer.attr == "set_params":
        return any(keyword.arg == name for keyword in outer.parent.keywords)  # type: ignore[attr-defined]
    if target is None:
        return False
    text = ast.unparse(target)
    for setter in file.names.calls_of.get("set_params", ()):
        function = setter.func
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) == text:
            return any(keyword.arg == name for keyword in setter.keywords)
    return any(
        isinstance(each, ast.Attribute) and each.attr == name and ast.unparse(each.value) == text
        for assign in file.names.assigns
        for each in (assign.targets if isinstance(assign, ast.Assign) else ())
    )


def _integer_type(file: File, call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "dtype":
            return file.path(keyword.value).rpartition(".")[2] in (
                "int", "long", "int32", "int64", "int16", "int8", "uint8", "bool", "short",
            )  # fmt: skip
    return False


def _report(file: File, entry: Entry, call: ast.Call | None, node: Any, path: str) -> None:
    context = file.context
    unless = entry.unless
    if entry.effect:
        severity = context.severity(entry.effect, entry.device)
        if severity is None:
            return
        if entry.effect == "switch" and context.tier in ("deterministic", "portable"):
            unless = (*unless, f"switch.{entry.framework}")
    else:
        severity = entry.severity or file.catalog.rules[entry.code].severity
        if entry.sealed in ("error", "warning", "note") and context.sealed:
            severity = entry.sealed
    if entry.code == "SB204" and not file.is_script() and _in_function(call):
        severity = "note"  # a library draws; the script that uses it may seed
    message = f"{shown(path)} {entry.what}"
    if entry.use:
        message += f"; {entry.use}"
    file.report(
        call if call is not None else node,
        entry.code,
        message,
        severity,
        fix=_fix(file, entry, call),
        unless=unless,
        soften=entry.soften,
    )


def _in_function(node: Any) -> bool:
    return any(
        isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for outer in ancestors(node)
    )


def _fix(file: File, entry: Entry, call: ast.Call | None) -> Fix | None:
    if call is None:
        return None
    if entry.order == "listing":
        return order.sorted_fix(file, call)
    for name, value in entry.fix:
        for condition in entry.when:
            if name in condition.arguments and condition.position is not None:
                given = file.given(call, condition)
                if given is not None and given is not call and given in call.args:
                    from samebits.lint.finding import Edit

                    return Fix(f"set {name} to {value}", (Edit(file.start(given), file.end(given), value),))
        if any(k.arg is None for k in call.keywords):
            return None
        if (
            given_as := next((k.arg for k in call.keywords if _synonym(entry, k.arg, name)), None)
        ) is not None:
            return file.set_argument(call, given_as, value)
        return file.set_argument(call, name, value)
    return None


def _synonym(entry: Entry, given: str | None, name: str) -> bool:
    return any(given in c.arguments and name in c.arguments for c in entry.when)


def shown(path: str) -> str:
    """Write a path as a reader knows it."""
    receiver, _, leaf = path.rpartition(".")
    if is_tensor(receiver):
        return f"Tensor.{leaf}"
    if "(" in receiver or receiver.startswith(UNKNOWN):
        return f".{leaf}()"
    path = path.replace("torch.nn.functional.", "F.")
    return path.replace("torch.Tensor.", "Tensor.")


def _references(file: File) -> list[Any]:
    """Return functions and classes that are handed on without being called here."""
    found: list[Any] = []
    for call in file.names.calls:
        if isinstance(call.func, ast.Name) and call.func.id in _ASK:
            continue
        given = [keyword.value for keyword in call.keywords]
        if _leaf(call) in _CALLING:
            given += call.args
        found += [each for each in given if each.__class__ is ast.Attribute]
    for table in file.names.dicts:
        found += [each for each in table.values if each.__class__ is ast.Attribute]
    for node, _ in file.names.classes:
        found += [base for base in node.bases if isinstance(base, ast.Attribute | ast.Name)]
    return [each for each in found if not _is_type_test(each)]


def _leaf(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_type_test(node: Any) -> bool:
    return any(
        isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name) and outer.func.id in _ASK
        for outer in ancestors(node)
    )
