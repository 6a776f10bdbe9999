"""What annotations and parameters stand for, as dotted paths."""

import ast
from typing import TYPE_CHECKING, Any, Final

from samebits.lint.semantics import qualified
from samebits.lint.semantics.scopes import Binding, Function, Kind, is_none
from samebits.lint.semantics.syntax import default_of
from samebits.lint.semantics.tensor_paths import TENSOR

if TYPE_CHECKING:
    from samebits.lint.semantics.resolution import Semantics

#: methods of networks whose unannotated parameters are tensors
_TENSOR_METHODS: Final = frozenset(
    {"forward", "backward", "training_step", "validation_step", "predict_step"}
)
_NETWORKS: Final = ("torch.nn.", "lightning.", "pytorch_lightning.", "torch.autograd.")
_SET_TYPES: Final = ("set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet")
#: annotations around the one that counts
_WRAPPERS: Final = (".Optional", ".Annotated", ".Final", ".ClassVar")
_END: Final = 1 << 30  # a line after all others


def parameter(semantics: "Semantics", bound: Binding) -> str:
    """Return the path of a parameter: by its annotation, else its place, else its default."""
    given, function = bound.node, bound.where
    if given.annotation is not None:
        return instance(semantics, given.annotation)
    if isinstance(function, Function) and (owner := bound.scope.class_of_self(given.arg)):
        return qualified.of_class(semantics, owner.node) + "()"
    if isinstance(function, Function) and function.name in _TENSOR_METHODS:
        outer = bound.scope.parent
        if outer is not None and outer.kind is Kind.CLASS:
            if qualified.of_class(semantics, outer.node).startswith(_NETWORKS):
                return TENSOR
    default = default_of(given.arg, function)
    if default is not None and not isinstance(default, ast.Constant):
        return semantics.path(default)
    return qualified.UNKNOWN


def instance(semantics: "Semantics", node: Any) -> str:
    """Return the path of an instance of what an annotation names."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _quoted(semantics, node.value)
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            if not is_none(side):
                path = instance(semantics, side)
                if not path.startswith(qualified.UNKNOWN):
                    return path
        return qualified.UNKNOWN
    if isinstance(node, ast.Subscript):
        return _generic(semantics, node)
    path = semantics.path(node)
    return _instance_of("set" if path == "frozenset" else path)


def _quoted(semantics: "Semantics", text: str) -> str:
    parts = text.strip().split("[")[0].split(" |")[0].split(".")
    if not all(part.isidentifier() for part in parts):
        return qualified.UNKNOWN
    root = qualified.named(semantics, parts[0], semantics.nodes.module, _END)
    return _instance_of(".".join([root, *parts[1:]]))


def _generic(semantics: "Semantics", node: ast.Subscript) -> str:
    outer = semantics.path(node.value)
    if outer.endswith(_WRAPPERS):
        inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
        return instance(semantics, inner)
    if outer.rpartition(".")[2] in _SET_TYPES:
        numbers = isinstance(node.slice, ast.Name) and node.slice.id in ("int", "float", "bool")
        return "intset()" if numbers else "set()"
    return _instance_of(outer)


def _instance_of(path: str) -> str:
    return qualified.UNKNOWN if path.startswith(qualified.UNKNOWN) else f"{path}()"
