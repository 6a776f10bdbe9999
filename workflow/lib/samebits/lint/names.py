"""What a name means: scopes and bindings of one file, resolved to dotted paths without importing anything.

The path of an expression is written as one would reach it: ``torch.nn.functional.interpolate``. A call adds
``()`` and an item ``[]``, so ``tf.data.Dataset.range(3).map(f)`` is ``tensorflow.data.Dataset.range().map()``
and a tensor of unknown origin ``torch.Tensor()``. What is not known begins with ``?``.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

UNKNOWN: Final = "?"
TENSOR: Final = "torch.Tensor()"
_DEPTH: Final = 120  # steps of one resolution; real aliases need five, long chains of methods a hundred

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SET_METHODS: Final = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
#: methods of paths that give a path
_PATHS: Final = frozenset(
    {"joinpath", "resolve", "absolute", "expanduser", "with_name", "with_suffix", "cwd", "home"}
)
_PLAIN: Final = frozenset({"list", "tuple", "dict", "str", "int", "float", "bool", "len", "range", "sorted"})
#: methods of networks whose unannotated parameters are tensors
_TENSOR_METHODS: Final = frozenset(
    {"forward", "backward", "training_step", "validation_step", "predict_step"}
)


def _child_fields(node: type[ast.AST]) -> tuple[str, ...]:
    leaves = {"ctx", "op", "ops", "id", "attr", "level", "module", "name", "kind", "n", "s", "is_async"}
    leaves |= {
        "simple",
        "conversion",
        "asname",
        "rest",
        "type_ignores",
        "type_comment",
        "arg",
        "names",
        "kwd_attrs",
    }
    return tuple(name for name in node._fields if name not in leaves)


_FIELDS: Final = {
    kind: _child_fields(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_FIELDS[ast.Constant] = ()
_FIELDS[ast.Name] = ()
_FIELDS[ast.MatchSingleton] = ()  # its value is no node


class Binding:
    """One way in which a name gets its value: ``how`` says how ``node`` is to be read."""

    __slots__ = ("how", "line", "node", "scope", "where")

    def __init__(self, line: int, how: str, node: Any, scope: "Scope", where: Any = None):
        self.line, self.how, self.node, self.scope, self.where = line, how, node, scope, where


class Scope:
    """A module, class, function or comprehension, with the names that are bound in it."""

    __slots__ = ("attributes", "bindings", "kind", "loads", "node", "parent", "returned")

    def __init__(self, kind: str, node: ast.AST, parent: "Scope | None"):
        self.kind, self.node, self.parent = kind, node, parent
        self.bindings: dict[str, list[Binding]] = {}
        self.loads: dict[str, list[ast.Name]] = {}
        self.returned: list[ast.expr] = []
        self.attributes: dict[str, list[Binding]] = {}  # of a class: what its methods assign to self

    def bind(self, name: str, line: int, how: str, node: Any, where: Any = None) -> None:
        """Record that ``name`` gets a value in this scope."""
        self.bindings.setdefault(name, []).append(Binding(line, how, node, self, where))

    def enclosing(self, kind: str) -> "Scope | None":
        """Return the nearest scope of a kind, this one included."""
        scope: Scope | None = self
        while scope is not None and scope.kind != kind:
            scope = scope.parent
        return scope


class Names:
    """Scopes, bindings and the nodes of interest of one file, found in one pass over its tree.

    Args:
        tree: the parsed file.
        package: the dotted name of the package the file is in, for relative imports.
        imported: gives the path of a name of a module of the same project, or None.
        is_local: tells whether a module is of the same project.
    """

    def __init__(
        self,
        tree: ast.Module,
        package: str = "",
        imported: Callable[[str, str], str | None] = lambda module, name: None,
        is_local: Callable[[str], bool] = lambda module: False,
    ):
        self.tree = tree
        self.is_local = is_local
        self.package = package
        self.imported = imported
        self.calls: list[ast.Call] = []
        self.assigns: list[ast.Assign | ast.AnnAssign | ast.AugAssign] = []
        self.loops: list[Any] = []  # For, AsyncFor and comprehension: all with .iter
        self.dicts: list[ast.Dict] = []
        self.strings: list[ast.Constant] = []
        self.functions: list[tuple[Function, Scope]] = []
        self.classes: list[tuple[ast.ClassDef, Scope]] = []
        self.tests: list[ast.If | ast.While | ast.IfExp] = []
        self.roots: set[str] = set()
        self.imports: dict[str, int] = {}  # module -> first line at which it is imported at module level
        self.modules: set[str] = set()  # everything imported, in full
        self.calls_of: dict[str, list[ast.Call]] = {}
        self.local: dict[str, Function] = {}
        self._parameters: dict[tuple[int, str], frozenset[Any] | None] = {}
        self.aliases: set[str] = set()  # names and attributes that may stand for a function of another name
        self._paths: dict[int, str] = {}
        self._active: set[int] = set()
        self.module = Scope("module", tree, None)
        todo: list[tuple[ast.AST, Scope]] = [(tree, self.module)]
        while todo:
            owner, scope = todo.pop()
            self._fill(owner, scope, todo)
        for nodes in (self.calls, self.assigns, self.loops, self.dicts, self.tests):
            nodes.sort(key=_position)

    # --- one pass -----------------------------------------------------------------------------------------

    def _fill(self, owner: ast.AST, scope: Scope, todo: list[tuple[ast.AST, Scope]]) -> None:
        """Record what happens in a scope; scopes inside it are put on ``todo``."""
        if isinstance(owner, ast.Lambda):
            children: list[Any] = [owner.body]
        elif isinstance(owner, _COMPREHENSIONS):
            children = list(ast.iter_child_nodes(owner))
        else:
            children = list(owner.body)  # type: ignore[attr-defined]
        stack: list[Any] = []
        node: Any = owner
        loads, strings, calls_of = scope.loads, self.strings, self.calls_of
        while True:
            # written for speed: nine of ten nodes are names, constants and what holds them
            children.reverse()
            for child in children:
                child.parent = node
                kind = child.__class__
                if kind is ast.Name:
                    child.scope = scope
                    if child.ctx.__class__ is ast.Load:
                        if child.id in loads:
                            loads[child.id].append(child)
                        else:
                            loads[child.id] = [child]
                elif kind is ast.Constant:
                    if child.value.__class__ is str and len(child.value) > 3:
                        strings.append(child)
                else:
                    stack.append(child)
            children = []
            if not stack:
                return
            node = stack.pop()
            kind = node.__class__
            if kind is ast.Call:
                node.scope = scope
                self.calls.append(node)
                function = node.func
                leaf = function.__class__
                name = function.id if leaf is ast.Name else function.attr if leaf is ast.Attribute else None
                if name is not None:
                    if name in calls_of:
                        calls_of[name].append(node)
                    else:
                        calls_of[name] = [node]
            elif kind in _HANDLERS:
                if _HANDLERS[kind](self, node, scope, todo):
                    continue
            for field in _FIELDS[kind]:
                value = getattr(node, field)
                if value.__class__ is list:
                    children += value
                elif value is not None:
                    children.append(value)
            if None in children:  # a dict's ** has no key, a keyword-only parameter no default
                children = [child for child in children if child is not None]

    def _import(self, node: ast.Import, scope: Scope, todo: Any) -> bool:
        for alias in node.names:
            self._saw(alias.name, node, scope)
            if alias.asname:
                scope.bind(alias.asname, node.lineno, "path", alias.name)
            else:
                root = alias.name.partition(".")[0]
                scope.bind(root, node.lineno, "path", root)
        return True

    def _import_from(self, node: ast.ImportFrom, scope: Scope, todo: Any) -> bool:
        module = node.module or ""
        if node.level:
            parts = self.package.split(".") if self.package else []
            parts = parts[: len(parts) - node.level + 1]
            module = ".".join([*parts, module] if module else parts)
        self._saw(module, node, scope)
        for alias in node.names:
            scope.bind(alias.asname or alias.name, node.lineno, "import", (module, alias.name))
            if alias.asname or node.level or self.is_local(module):
                self.aliases.add(alias.asname or alias.name)
        return True

    def _saw(self, module: str, node: ast.stmt, scope: Scope) -> None:
        self.modules.add(module)
        self.roots.add(module.partition(".")[0])
        if scope is self.module:
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                self.imports.setdefault(".".join(parts[:end]), node.lineno)

    def _function(self, node: Any, scope: Scope, todo: Any) -> bool:
        inner = Scope("function", node, scope)
        node.scope = scope
        node.inner = inner
        if not isinstance(node, ast.Lambda):
            scope.bind(node.name, node.lineno, "def", node)
            self.functions.append((node, scope))
            self.local[f"local:{node.name}@{node.lineno}"] = node
            outer: list[Any] = [*node.decorator_list, node.returns]
        else:
            outer = []
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            inner.bind(argument.arg, node.lineno, "param", argument, node)
            outer.append(argument.annotation)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra:
                inner.bind(extra.arg, node.lineno, "unknown", extra)
        outer += [*arguments.defaults, *arguments.kw_defaults]
        self._inline([child for child in outer if child is not None], node, scope, todo)
        todo.append((node, inner))
        return True

    def _inline(self, nodes: list[ast.AST], parent: ast.AST, scope: Scope, todo: Any) -> None:
        """Record expressions that stand in a header but belong to the scope around it."""
        if nodes:
            holder = ast.Module(body=nodes, type_ignores=[])  # type: ignore[arg-type]
            self._fill(holder, scope, todo)
            for child in nodes:
                child.parent = parent  # type: ignore[attr-defined]

    def _class(self, node: ast.ClassDef, scope: Scope, todo: Any) -> bool:
        inner = Scope("class", node, scope)
        node.inner = inner  # type: ignore[attr-defined]
        node.scope = scope  # type: ignore[attr-defined]
        scope.bind(node.name, node.lineno, "class", node)
        self.classes.append((node, scope))
        self._inline(
            [*node.bases, *(k.value for k in node.keywords), *node.decorator_list], node, scope, todo
        )
        todo.append((node, inner))
        return True

    def _comprehension(self, node: Any, scope: Scope, todo: Any) -> bool:
        inner = Scope("comprehension", node, scope)
        node.scope = scope
        for generator in node.generators:
            self._bind_target(generator.target, "item", generator.iter, inner, node.lineno)
            generator.lineno, generator.col_offset = node.lineno, node.col_offset
            generator.scope = inner
            self.loops.append(generator)
        todo.append((node, inner))
        return True

    def _assign(self, node: ast.Assign, scope: Scope, todo: Any) -> bool:
        node.scope = scope  # type: ignore[attr-defined]
        self.assigns.append(node)
        if node.value.__class__ in _ALIASING:
            for target in node.targets:
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)
                if name is not None and not _is_plain_call(node.value):
                    self.aliases.add(name)
        for target in node.targets:
            self._bind_target(target, "value", node.value, scope, node.lineno)
        return False

    def _ann_assign(self, node: ast.AnnAssign, scope: Scope, todo: Any) -> bool:
        node.scope = scope  # type: ignore[attr-defined]
        self.assigns.append(node)
        if node.value is not None:
            self._bind_target(node.target, "value", node.value, scope, node.lineno)
        else:
            self._bind_target(node.target, "annotation", node.annotation, scope, node.lineno)
        return False

    def _aug_assign(self, node: ast.AugAssign, scope: Scope, todo: Any) -> bool:
        node.scope = scope  # type: ignore[attr-defined]
        self.assigns.append(node)
        return False

    def _named(self, node: ast.NamedExpr, scope: Scope, todo: Any) -> bool:
        self._bind_target(node.target, "value", node.value, scope, node.lineno)
        if not _is_plain_call(node.value):
            self.aliases.add(node.target.id)
        return False

    def _for(self, node: Any, scope: Scope, todo: Any) -> bool:
        node.scope = scope
        self.loops.append(node)
        self._bind_target(node.target, "item", node.iter, scope, node.lineno)
        return False

    def _with(self, node: Any, scope: Scope, todo: Any) -> bool:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, "value", item.context_expr, scope, node.lineno)
        return False

    def _return(self, node: ast.Return, scope: Scope, todo: Any) -> bool:
        if node.value is not None:
            scope.returned.append(node.value)
        return False

    def _test(self, node: Any, scope: Scope, todo: Any) -> bool:
        self.tests.append(node)
        return False

    def _dict(self, node: ast.Dict, scope: Scope, todo: Any) -> bool:
        node.scope = scope  # type: ignore[attr-defined]
        self.dicts.append(node)
        return False

    def _bind_target(self, target: ast.expr, how: str, value: Any, scope: Scope, line: int) -> None:
        if isinstance(target, ast.Name):
            scope.bind(target.id, line, how, value)
        elif isinstance(target, ast.Attribute):
            if isinstance(target.value, ast.Name) and (owner := self._self_class(target.value.id, scope)):
                bound = Binding(line, how, value, scope)
                owner.attributes.setdefault(target.attr, []).append(bound)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, "unknown", value, scope, line)
        elif isinstance(target, ast.Tuple | ast.List):
            pairs = None
            if (
                how == "value"
                and isinstance(value, ast.Tuple | ast.List)
                and len(value.elts) == len(target.elts)
            ):
                pairs = value.elts
            inner = {"value": "part", "item": "part-of-item"}.get(how, "unknown")
            for index, element in enumerate(target.elts):
                if pairs is not None:
                    self._bind_target(element, "value", pairs[index], scope, line)
                elif how == "item" and _is_enumerate(value) and len(target.elts) == 2:
                    self._bind_target(element, "item" if index else "int", value.args[0], scope, line)
                else:
                    self._bind_target(element, inner, value, scope, line)

    def _self_class(self, name: str, scope: Scope) -> Scope | None:
        """Return the class whose instance ``name`` is, if it is the first parameter of a method."""
        function = scope.enclosing("function")
        while function is not None:
            node = function.node
            if function.parent is not None and function.parent.kind == "class" and isinstance(node, Function):
                arguments = [*node.args.posonlyargs, *node.args.args]
                if arguments and arguments[0].arg == name and not _is_static(node):
                    return function.parent
            function = function.parent.enclosing("function") if function.parent else None
        return None

    # --- paths --------------------------------------------------------------------------------------------

    def path(self, node: Any) -> str:
        """Return the path of an expression; it begins with ``?`` where that is not known."""
        key = id(node)
        found = self._paths.get(key)
        if found is None:
            if key in self._active or len(self._active) > _DEPTH:
                return UNKNOWN
            self._active.add(key)
            try:
                found = self._resolve(node)
            finally:
                self._active.discard(key)
            self._paths[key] = found  # also where a cycle was cut: looking again would take exponential time
        return found

    def _resolve(self, node: Any) -> str:
        match node:
            case ast.Name():
                return self._name(node.id, node.scope, node.lineno)  # type: ignore[attr-defined]
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.path(node.value)
            case ast.BinOp():
                left, right = self.path(node.left), self.path(node.right)
                if isinstance(node.op, _SET_OPERATORS):
                    for side in (left, right):
                        if side.startswith(("set()", "intset()")):
                            return side
                        if side.endswith((".keys()", ".items()")) and left.endswith(("keys()", "items()")):
                            return "set()"
                if isinstance(node.op, ast.Div):  # folder / "name"
                    for side in (left, right):
                        if side.startswith("pathlib."):
                            return "pathlib.Path()"
                for side in (left, right):
                    if is_tensor(side):
                        return side if side.endswith((".long()", ".int()")) else TENSOR
                    if side.startswith("numpy."):
                        return "numpy.ndarray()"
                return UNKNOWN
            case ast.UnaryOp():
                return self.path(node.operand)
            case ast.Compare():
                sides = (node.left, *node.comparators)
                return TENSOR + ".bool()" if any(is_tensor(self.path(s)) for s in sides) else "bool()"
            case ast.IfExp():
                first = self.path(node.body)
                return self.path(node.orelse) if first.startswith(UNKNOWN) or first == "None" else first
            case ast.BoolOp():
                found = [self.path(value) for value in node.values]
                return next((p for p in found if not p.startswith(UNKNOWN) and p != "None"), UNKNOWN)
            case ast.Set():
                ints = all(
                    isinstance(e, ast.Constant) and isinstance(e.value, int | float) for e in node.elts
                )
                return "intset()" if ints else "set()"
            case ast.SetComp():
                return "intset()" if self._is_number(node.elt) else "set()"
            case ast.Dict() | ast.DictComp():
                return "dict()"
            case ast.List() | ast.ListComp() | ast.GeneratorExp():
                return "list()"
            case ast.Tuple():
                return "tuple()"
            case ast.JoinedStr():
                return "str()"
            case ast.Constant(value=None):
                return "None"
            case ast.Constant():
                return f"{type(node.value).__name__}()"
        return UNKNOWN

    def _is_number(self, node: ast.expr) -> bool:
        """Tell whether an expression is clearly a number: hashes of numbers are the same in all processes."""
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in ("len", "int", "ord", "round", "abs")
        if isinstance(node, ast.Name):
            return self.path(node) == "int()"
        if isinstance(node, ast.BinOp):
            return self._is_number(node.left) and self._is_number(node.right)
        return isinstance(node, ast.Constant) and isinstance(node.value, int | float)

    def binding(self, name: str, scope: Scope, line: int) -> Binding | None:
        """Return what a name is bound to where it is used: in its scope the last one before, else the
        last."""
        at: Scope | None = scope
        first = True
        while at is not None:
            if (first or at.kind != "class") and (found := at.bindings.get(name)):
                if at is scope or at.kind == "comprehension":
                    before = [each for each in found if each.line < line or each.how != "value"]
                    found = [b for b in before if b.line <= line] or found
                useful = [b for b in found if not (b.how == "value" and _is_none(b.node))]
                return (useful or found)[-1]
            first = False
            at = at.parent
        return None

    def _name(self, name: str, scope: Scope, line: int) -> str:
        bound = self.binding(name, scope, line)
        if bound is None:
            stars = [b for b in self.module.bindings.get("*", ()) if b.how == "import"]
            for star in stars:
                if (found := self.imported(star.node[0], name)) is not None:
                    return found
            if len(stars) == 1 and not hasattr(_BUILTINS, name):
                return f"{stars[0].node[0]}.{name}"
            return name if hasattr(_BUILTINS, name) else f"?.{name}"
        return self.bound_path(bound)

    def bound_path(self, bound: Binding) -> str:
        """Return the path of what a binding gives."""
        match bound.how:
            case "path":
                return str(bound.node)
            case "import":
                module, name = bound.node
                return self.imported(module, name) or f"{module}.{name}"
            case "value":
                return self.path(bound.node)
            case "annotation":
                return self._annotated(bound.node)
            case "item":
                return self._item(self.path(bound.node))
            case "int":
                return "int()"
            case "part":
                found = self.path(bound.node)
                return TENSOR if is_tensor(found) else UNKNOWN
            case "part-of-item":
                found = self.path(bound.node)
                return TENSOR if "DataLoader()" in found else UNKNOWN
            case "param":
                return self._parameter(bound)
            case "def":
                return f"local:{bound.node.name}@{bound.node.lineno}"
            case "class":
                return self._class_path(bound.node)
        return UNKNOWN

    def _item(self, path: str) -> str:
        if path.startswith(("range(", "intset()")):
            return "int()"
        return TENSOR if is_tensor(path) else f"{path}[]" if not path.startswith(UNKNOWN) else UNKNOWN

    def _class_path(self, node: ast.ClassDef) -> str:
        """A class of this file stands for what it derives from: its instances are used as such."""
        for base in node.bases:
            found = self.path(base)
            if not found.startswith(UNKNOWN):
                return found
        return f"?.class {node.name}"

    def _parameter(self, bound: Binding) -> str:
        argument, function = bound.node, bound.where
        if argument.annotation is not None:
            return self._annotated(argument.annotation)
        if isinstance(function, Function) and (owner := self._self_class(argument.arg, bound.scope)):
            return self._class_path(owner.node) + "()"  # type: ignore[arg-type]
        if isinstance(function, Function) and function.name in _TENSOR_METHODS:
            outer = bound.scope.parent
            if outer is not None and outer.kind == "class":
                base = self._class_path(outer.node)  # type: ignore[arg-type]
                if base.startswith(("torch.nn.", "lightning.", "pytorch_lightning.", "torch.autograd.")):
                    return TENSOR
        if (default := default_of(argument.arg, function)) is not None and not _is_none(default):
            return self.path(default) if not isinstance(default, ast.Constant) else UNKNOWN
        return UNKNOWN

    def _annotated(self, node: Any) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip().split("[")[0].split(" |")[0]
            parts = text.split(".")
            if not all(part.isidentifier() for part in parts):
                return UNKNOWN
            found = ".".join([self._name(parts[0], self.module, 1 << 30), *parts[1:]])
            return UNKNOWN if found.startswith(UNKNOWN) else found + "()"
        if isinstance(node, ast.BinOp):
            for side in (node.left, node.right):
                if not _is_none(side) and not (found := self._annotated(side)).startswith(UNKNOWN):
                    return found
            return UNKNOWN
        if isinstance(node, ast.Subscript):
            outer = self.path(node.value)
            if outer.endswith((".Optional", ".Annotated", ".Final", ".ClassVar")):
                inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return self._annotated(inner)
            if outer.rpartition(".")[2] in (
                "set",
                "frozenset",
                "Set",
                "FrozenSet",
                "AbstractSet",
                "MutableSet",
            ):
                ints = isinstance(node.slice, ast.Name) and node.slice.id in ("int", "float", "bool")
                return "intset()" if ints else "set()"
            return UNKNOWN if outer.startswith(UNKNOWN) else f"{outer}()"
        found = self.path(node)
        return UNKNOWN if found.startswith(UNKNOWN) else "set()" if found == "frozenset" else f"{found}()"

    def _attribute(self, node: ast.Attribute) -> str:
        value = node.value
        if isinstance(value, ast.Name):
            owner = self._self_class(value.id, value.scope)  # type: ignore[attr-defined]
            if owner is not None and (bound := self.attribute(owner, node.attr)) is not None:
                return self.bound_path(bound)
        base = self.path(value)
        if base.startswith("torch.nn.Module()"):
            return f"?.{node.attr}" if is_tensor(base) is False else f"{base}.{node.attr}"
        if base.startswith("local:"):
            return f"?.{node.attr}"
        if base.startswith("pathlib.Path()") and node.attr == "parent":
            return "pathlib.Path()"
        if isinstance(value, ast.Call) and base == "super()":
            return f"?.{node.attr}"
        return f"{base}.{node.attr}"

    def attribute(self, owner: Scope, name: str, depth: int = 0) -> Binding | None:
        """Return what ``self.name`` is bound to in a class or in its bases of the same file."""
        bounds = owner.attributes.get(name) or owner.bindings.get(name)
        if bounds:
            useful = [b for b in bounds if not (b.how == "value" and _is_none(b.node))]
            return (useful or bounds)[0]
        if depth < 4 and isinstance(owner.node, ast.ClassDef) and owner.parent is not None:
            for base in owner.node.bases:
                if isinstance(base, ast.Name):
                    bound = self.binding(base.id, owner.parent, base.lineno)
                    if bound is not None and bound.how == "class":
                        return self.attribute(bound.node.inner, name, depth + 1)
        return None

    def _subscript(self, node: ast.Subscript) -> str:
        base = self.path(node.value)
        if is_tensor(base):
            return TENSOR
        if base == "dict()" and (table := self.literal(node.value)) is not None:
            key = self.values(node.slice)
            if isinstance(table, ast.Dict) and key and len(key) == 1:
                for name, value in zip(table.keys, table.values, strict=True):
                    if isinstance(name, ast.Constant) and name.value in key:
                        return self.path(value)
        return f"{base}[]"

    def literal(self, node: Any) -> Any:
        """Return the dict, list or tuple display that an expression is, or is bound to."""
        for _ in range(8):
            match node:
                case ast.Dict() | ast.List() | ast.Tuple() | ast.Set():
                    return node
                case ast.Call() if self.path(node.func) == "dict":
                    return node
                case ast.Name():
                    bound = self.binding(node.id, node.scope, node.lineno)  # type: ignore[attr-defined]
                case ast.Attribute(value=ast.Name() as base):
                    owner = self._self_class(base.id, base.scope)  # type: ignore[attr-defined]
                    bound = self.attribute(owner, node.attr) if owner else None
                case _:
                    return None
            if bound is None or bound.how != "value":
                return None
            node = bound.node
        return None

    def _call(self, node: ast.Call) -> str:
        function = self.path(node.func)
        match function:
            case "set" | "frozenset":
                if node.args and self._is_int_source(node.args[0]):
                    return "intset()"
                return "set()"
            case "getattr" if len(node.args) >= 2:
                names = self.values(node.args[1])
                if names and len(names) == 1 and isinstance(name := next(iter(names)), str):
                    return f"{self.path(node.args[0])}.{name}"
                return UNKNOWN
            case "__import__" | "importlib.import_module" if node.args:
                names = self.values(node.args[0])
                if names and len(names) == 1 and isinstance(name := next(iter(names)), str):
                    return name
                return UNKNOWN
            case "functools.partial" if node.args:
                return self.path(node.args[0])
            case "list" | "tuple" | "reversed" | "tqdm.tqdm" | "tqdm.auto.tqdm" | "iter" if node.args:
                inner = self.path(node.args[0])
                return "list()" if function in ("list", "tuple") else inner
        if function in _PLAIN:
            return f"{function}()"
        if function.startswith("->"):  # a function of the project that returns what the path says
            return function[2:]
        if function.startswith("local:"):
            return self._returned(node, function)
        base, _, method = function.rpartition(".")
        if method in _SET_METHODS and base in ("set()", "intset()"):
            return base
        if method in ("to", "cuda", "cpu", "eval", "train", "double", "half", "float", "requires_grad_") and (
            _is_module(base)
        ):
            return base
        if base.startswith("pathlib.Path") and method in _PATHS:
            return "pathlib.Path()"
        if method == "__init__" or function == "super":
            return "super()" if function == "super" else UNKNOWN
        return f"{function}()"

    def _is_int_source(self, node: ast.expr) -> bool:
        path = self.path(node)
        if path in ("range()", "intset()"):
            return True
        if isinstance(node, ast.List | ast.Tuple):
            return all(self._is_number(each) for each in node.elts)
        if isinstance(node, ast.GeneratorExp | ast.ListComp):
            return self._is_number(node.elt)
        return path.startswith(("numpy.arange()", "numpy.unique()")) or path.endswith(".tolist()")

    @staticmethod
    def returned(function: Function) -> list[ast.expr]:
        """Return what the return statements of a function give."""
        inner: Scope = function.inner  # type: ignore[union-attr]
        return inner.returned

    def function(self, path: str) -> Function | None:
        """Return the function of this file that a path ``local:name@line`` stands for."""
        return self.local.get(path)

    def _returned(self, call: ast.Call, path: str) -> str:
        function = self.function(path)
        if function is None:
            return UNKNOWN
        found = [self.path(each) for each in self.returned(function)]
        known = [each for each in found if not each.startswith((UNKNOWN, "None", "local:"))]
        return known[0] if known and len(set(known)) == 1 else UNKNOWN

    # --- values -------------------------------------------------------------------------------------------

    def values(self, node: Any, depth: int = 0) -> frozenset[Any] | None:
        """Return the constants that an expression may be, or None where that is not known.

        Names are followed to their assignments, parameters to their defaults and to what calls in this file
        hand over.
        """
        if depth > 6:
            return None
        match node:
            case ast.Constant():
                return frozenset([node.value])
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return frozenset([-number])
            case ast.UnaryOp(op=ast.Not()):
                inner = self.values(node.operand, depth + 1)
                return None if inner is None else frozenset(not value for value in inner)
            case ast.IfExp():
                return _union([self.values(node.body, depth + 1), self.values(node.orelse, depth + 1)])
            case ast.BoolOp(op=ast.Or()):
                return _union([self.values(each, depth + 1) for each in node.values])
            case ast.Name():
                bound = self.binding(node.id, node.scope, node.lineno)  # type: ignore[attr-defined]
                return self._bound_values(bound, depth)
            case ast.Attribute(value=ast.Name() as base):
                owner = self._self_class(base.id, base.scope)  # type: ignore[attr-defined]
                if owner is not None:
                    return self._bound_values(self.attribute(owner, node.attr), depth)
            case ast.Subscript():
                table = self.literal(node.value)
                key = self.values(node.slice, depth + 1)
                if isinstance(table, ast.Dict) and key and len(key) == 1:
                    for name, value in zip(table.keys, table.values, strict=True):
                        if isinstance(name, ast.Constant) and name.value in key:
                            return self.values(value, depth + 1)
            case ast.Tuple() | ast.List():
                parts = [self.values(each, depth + 1) for each in node.elts]
                if all(part is not None and len(part) == 1 for part in parts):
                    return frozenset([tuple(next(iter(part)) for part in parts if part is not None)])
        return None

    def is_none(self, node: Any) -> bool:
        """Tell whether an expression is None for certain; a parameter may be anything."""
        for _ in range(4):
            if not isinstance(node, ast.Name):
                break
            bound = self.binding(node.id, node.scope, node.lineno)  # type: ignore[attr-defined]
            if bound is None or bound.how != "value":
                return False
            node = bound.node
        return _is_none(node)

    def _bound_values(self, bound: Binding | None, depth: int) -> frozenset[Any] | None:
        if bound is None:
            return None
        if bound.how == "value":
            return self.values(bound.node, depth + 1)
        if bound.how == "item" and isinstance(bound.node, ast.List | ast.Tuple):
            return _union([self.values(each, depth + 1) for each in bound.node.elts])
        if bound.how == "param" and isinstance(bound.where, Function):
            return self._parameter_values(bound.node.arg, bound.where, depth)
        return None

    def _parameter_values(self, name: str, function: Function, depth: int) -> frozenset[Any] | None:
        key = (id(function), name)
        if key not in self._parameters:
            self._parameters[key] = None  # what calls itself adds nothing
            self._parameters[key] = self._handed_over(name, function, depth)
        return self._parameters[key]

    def _handed_over(self, name: str, function: Function, depth: int) -> frozenset[Any] | None:
        found: list[frozenset[Any] | None] = []
        default = default_of(name, function)
        if default is not None:
            found.append(self.values(default, depth + 1))
        owner = function.parent if isinstance(getattr(function, "parent", None), ast.ClassDef) else None  # type: ignore[union-attr]
        called = owner.name if owner is not None and function.name == "__init__" else function.name
        positions = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        index = positions.index(name) - (owner is not None) if name in positions else None
        for call in self.calls_of.get(called, ())[:20]:
            given = argument(call, name, index)
            if given is not None and given is not call:
                found.append(self.values(given, depth + 1))
        known = [each for each in found if each is not None]
        return frozenset().union(*known) if known else None


_ALIASING: Final = (ast.Name, ast.Attribute, ast.Call, ast.IfExp, ast.BoolOp, ast.Subscript)
_HANDLERS: Final[dict[type, Any]] = {
    ast.Import: Names._import,
    ast.ImportFrom: Names._import_from,
    ast.FunctionDef: Names._function,
    ast.AsyncFunctionDef: Names._function,
    ast.Lambda: Names._function,
    ast.ClassDef: Names._class,
    ast.ListComp: Names._comprehension,
    ast.SetComp: Names._comprehension,
    ast.DictComp: Names._comprehension,
    ast.GeneratorExp: Names._comprehension,
    ast.Assign: Names._assign,
    ast.AnnAssign: Names._ann_assign,
    ast.AugAssign: Names._aug_assign,
    ast.NamedExpr: Names._named,
    ast.For: Names._for,
    ast.AsyncFor: Names._for,
    ast.With: Names._with,
    ast.AsyncWith: Names._with,
    ast.Return: Names._return,
    ast.If: Names._test,
    ast.While: Names._test,
    ast.IfExp: Names._test,
    ast.Dict: Names._dict,
}
_BUILTINS: Final = __import__("builtins")


def argument(call: ast.Call, name: str, position: int | None = None) -> Any:
    """Return the expression that a call hands over for a parameter; None if none, the call if unknown.

    Unknown means that ``*args`` or ``**kwargs`` may hold it.
    """
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position == -1:
        last = call.args[-1] if call.args else None
        return call if isinstance(last, ast.Starred) else last
    starred = False
    for index, given in enumerate(call.args):
        if isinstance(given, ast.Starred):
            starred = True
            break
        if index == position:
            return given
    if starred and position is not None:
        return call
    return call if any(keyword.arg is None for keyword in call.keywords) else None


def default_of(name: str, function: Any) -> ast.expr | None:
    """Return the default of a function's parameter, if it has one."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    for parameter, value in zip(reversed(plain), reversed(arguments.defaults), strict=False):
        if parameter.arg == name:
            return value  # type: ignore[no-any-return]
    for parameter, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if parameter.arg == name:
            return value  # type: ignore[no-any-return]
    return None


def ancestors(node: Any) -> Iterator[ast.AST]:
    """Yield what an expression stands in, innermost first."""
    while (node := getattr(node, "parent", None)) is not None:
        yield node


def scope_of(node: Any) -> Scope:
    """Return the scope that a node stands in."""
    while not hasattr(node, "scope"):
        node = node.parent
    found: Scope = node.scope
    return found


_NOT_TENSORS: Final = (
    "torch.device(", "torch.Generator(", "torch.utils.", "torch.optim.", "torch.load(", "torch.distributed.",
    "torch.jit.", "torch.no_grad(", "torch.cuda.", "torch.multiprocessing.", "torch.backends.",
    "torch.autograd.",
    "torch.get_rng_state(", "torch.finfo(", "torch.iinfo(", "torch.Size(", "torch.compile(", "torch.hub.",
    "torch.profiler.", "torch.fx.", "torch.package.", "torch.onnx.", "torch.testing.", "torch.library.",
    "torch.initial_seed(", "torch.seed(", "torch.get_num_threads(", "torch.dtype", "torch.typename(",
    "torch.inference_mode(", "torch.enable_grad(", "torch.is_", "torch.numel(", "torch.save(",
    "torch.futures.",
)  # fmt: skip
_LEAVES_TORCH: Final = (
    ".numpy()",
    ".item()",
    ".tolist()",
    ".size()",
    ".shape",
    ".dtype",
    ".device",
    ".dim()",
)
_LEAVES_TORCH_PARTS: Final = (
    *_LEAVES_TORCH,
    ".data_ptr()",
    ".numel()",
    ".layout",
    ".grad_fn",
    ".names",
    ".ndim",
)


def is_tensor(path: str) -> bool:
    """Tell whether a path is a PyTorch tensor's."""
    if not path.startswith("torch.") or "()" not in path:
        return False
    if path.startswith(_NOT_TENSORS) or any(part in path for part in _LEAVES_TORCH_PARTS):
        return False
    head, _, rest = path.partition("()")
    if head.startswith("torch.nn.") and not head.startswith("torch.nn.functional."):
        name = head.rpartition(".")[2]
        if name[:1].isupper() and name not in ("Parameter", "Buffer"):
            return rest.startswith("()")
    return True


def _is_module(path: str) -> bool:
    return path.startswith("torch.nn.") and path.endswith("()") and not is_tensor(path)


def _is_plain_call(node: ast.expr) -> bool:
    """Tell whether a value is a call that gives no function: most assignments are."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    leaf = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return leaf not in ("getattr", "partial", "import_module", "__import__", "compile", "jit")


def _is_enumerate(node: Any) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (node.func.id == "enumerate" and bool(node.args))
    )


def _is_static(node: Function) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)


def _is_none(node: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _union(parts: Iterable[frozenset[Any] | None]) -> frozenset[Any] | None:
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if known else None


def _position(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset
