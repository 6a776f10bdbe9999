"""Whether a file trains, where, and with gradients."""

import ast
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.semantics.syntax import ancestors

#: methods in which frameworks call user code once a batch or sample
STEPS: Final = frozenset(
    {"forward", "training_step", "train_step", "__getitem__", "call", "validation_step", "__iter__"}
)
_WITHOUT: Final = ("torch.no_grad", "torch.inference_mode")


def is_script(file: File) -> bool:
    """Tell whether the file trains when it is run, and is not only imported."""
    if file.source.notebook is not None:
        return True
    nodes = file.semantics.nodes
    for test in nodes.tests:
        left = getattr(test.test, "left", None)
        if isinstance(left, ast.Name) and left.id == "__name__":
            return True
    return any(
        isinstance(call.func, ast.Attribute) and not _in_definition(call)
        for call in nodes.calls_named("fit", "backward", "step")
    )


def _in_definition(node: Any) -> bool:
    return any(isinstance(outer, ast.FunctionDef | ast.ClassDef | ast.Lambda) for outer in ancestors(node))


def torch_training(file: File, *methods: str) -> ast.Call | None:
    """Return the call that shows that the file trains with PyTorch.

    Args:
        file: the file.
        methods: those of Lightning's Trainer that count.
    """
    nodes = file.semantics.nodes
    for call in nodes.calls_named("backward"):
        if isinstance(call.func, ast.Attribute):
            return call
    return next((call for call in nodes.calls_named(*methods) if "Trainer()" in file.path(call.func)), None)


def first_use_of_cuda(file: File, before: int) -> int | None:
    """Return the first line at module level that uses CUDA, if it comes before a line."""
    for call in file.semantics.nodes.calls:
        if call.lineno >= before:
            return None
        if uses_cuda(file, call) and not _in_definition(call):
            return call.lineno
    return None


def uses_cuda(file: File, call: ast.Call) -> bool:
    """Tell whether a call puts something on a GPU for certain."""
    function = call.func
    if isinstance(function, ast.Attribute):
        if function.attr == "cuda" and len(call.args) <= 1:
            return True
        if function.attr in ("to", "device") and call.args:
            if _is_always(file, call.args[0], "cuda"):
                return True
    return any(
        keyword.arg in ("device", "accelerator") and _is_always(file, keyword.value, "cuda", "gpu")
        for keyword in call.keywords
    )


def _is_always(file: File, node: ast.expr, *beginnings: str) -> bool:
    """Tell whether an expression is a text with one of these beginnings, whatever happens."""
    values = file.semantics.values(node)
    return bool(values) and all(isinstance(v, str) and v.startswith(beginnings) for v in values or ())


def without_gradients(file: File, node: Any) -> bool:
    """Tell whether a node stands in ``torch.no_grad()`` or ``inference_mode()``."""
    for outer in ancestors(node):
        expressions: list[Any] = []
        if isinstance(outer, ast.With | ast.AsyncWith):
            expressions = [item.context_expr for item in outer.items]
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            expressions = list(outer.decorator_list)
        if any(file.path(each).removesuffix("()") in _WITHOUT for each in expressions):
            return True
    return False
