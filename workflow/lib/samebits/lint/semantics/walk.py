"""The one pass over a file's tree: it opens scopes, binds names and sorts out nodes."""

import ast
from collections.abc import Callable
from typing import Any, Final

from samebits.lint.semantics.imports import absolute
from samebits.lint.semantics.nodes import Nodes
from samebits.lint.semantics.scopes import How, Kind, Scope
from samebits.lint.semantics.targets import bind_target

Todo = list[tuple[ast.AST, Scope]]

_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: values through which a name may come to stand for a function of another name
_ALIASING: Final = (ast.Name, ast.Attribute, ast.Call, ast.IfExp, ast.BoolOp, ast.Subscript)
#: calls that give a function
_GIVE_FUNCTIONS: Final = ("getattr", "partial", "import_module", "__import__", "compile", "jit")
#: fields of nodes in which no expression or statement stands
_LEAVES: Final = frozenset(
    "ctx op ops id attr level module name kind n s is_async simple conversion asname rest type_ignores "
    "type_comment arg names kwd_attrs".split()
)
_FIELDS: Final = {
    kind: tuple(name for name in kind._fields if name not in _LEAVES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_FIELDS.update(dict.fromkeys((ast.Constant, ast.Name, ast.MatchSingleton), ()))


def walk(tree: ast.Module, package: str, is_local: Callable[[str], bool]) -> Nodes:
    """Collect what a file holds, scope by scope.

    Args:
        tree: the parsed file; ``syntax.py`` says what is written on its nodes.
        package: the dotted name of the package the file is in, for relative imports.
        is_local: tells whether a module is of the same project.
    """
    nodes = Nodes(tree, Scope(Kind.MODULE, tree, None))
    pass_over = _Walk(nodes, package, is_local)
    pass_over.todo.append((tree, nodes.module))
    while pass_over.todo:
        pass_over.fill(*pass_over.todo.pop())
    lists: tuple[list[Any], ...] = (nodes.calls, nodes.assigns, nodes.loops, nodes.dicts, nodes.tests)
    for each in lists:
        each.sort(key=_position)
    return nodes


class _Walk:
    """The state of the pass: what it has collected, and the scopes that it has yet to enter."""

    def __init__(self, nodes: Nodes, package: str, is_local: Callable[[str], bool]):
        self.nodes = nodes
        self.package = package
        self.is_local = is_local
        self.todo: Todo = []

    def fill(self, owner: ast.AST, scope: Scope) -> None:
        """Record what happens in a scope; scopes inside it are put on ``todo``."""
        if isinstance(owner, ast.Lambda):
            children: list[Any] = [owner.body]
        elif isinstance(owner, _COMPREHENSIONS):
            children = list(ast.iter_child_nodes(owner))
        else:
            children = list(owner.body)  # type: ignore[attr-defined]
        stack: list[Any] = []
        node: Any = owner
        loads, strings, calls_of, calls = (
            scope.loads,
            self.nodes.strings,
            self.nodes.calls_of,
            self.nodes.calls,
        )
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
                calls.append(node)
                function = node.func
                leaf = function.__class__
                name = function.id if leaf is ast.Name else function.attr if leaf is ast.Attribute else None
                if name is not None:
                    if name in calls_of:
                        calls_of[name].append(node)
                    else:
                        calls_of[name] = [node]
            elif kind in _HANDLERS:
                if _HANDLERS[kind](self, node, scope):
                    continue
            for field in _FIELDS[kind]:
                value = getattr(node, field)
                if value.__class__ is list:
                    children += value
                elif value is not None:
                    children.append(value)
            if None in children:  # a dict's ** has no key, a keyword-only parameter no default
                children = [child for child in children if child is not None]

    # Each handler records one kind of node, and returns True where the pass need not go into it.

    def on_import(self, node: ast.Import, scope: Scope) -> bool:
        for alias in node.names:
            self._note_module(alias.name, node, scope)
            if alias.asname:
                scope.bind(alias.asname, node.lineno, How.PATH, alias.name)
            else:
                root = alias.name.partition(".")[0]
                scope.bind(root, node.lineno, How.PATH, root)
        return True

    def on_import_from(self, node: ast.ImportFrom, scope: Scope) -> bool:
        module = absolute(node.module or "", node.level, self.package)
        self._note_module(module, node, scope)
        for alias in node.names:
            scope.bind(alias.asname or alias.name, node.lineno, How.IMPORT, (module, alias.name))
            if alias.asname or node.level or self.is_local(module):
                self.nodes.aliases.add(alias.asname or alias.name)
        return True

    def _note_module(self, module: str, node: ast.stmt, scope: Scope) -> None:
        self.nodes.modules.add(module)
        self.nodes.roots.add(module.partition(".")[0])
        if scope is self.nodes.module:
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                self.nodes.imports.setdefault(".".join(parts[:end]), node.lineno)

    def on_function(self, node: Any, scope: Scope) -> bool:
        inner = Scope(Kind.FUNCTION, node, scope)
        node.scope = scope
        node.inner = inner
        outer: list[Any] = []
        if not isinstance(node, ast.Lambda):
            scope.bind(node.name, node.lineno, How.FUNCTION, node)
            self.nodes.functions.append(node)
            self.nodes.local[f"local:{node.name}@{node.lineno}"] = node
            outer = [*node.decorator_list, node.returns]
        parameters = node.args
        for parameter in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
            inner.bind(parameter.arg, node.lineno, How.PARAMETER, parameter, node)
            outer.append(parameter.annotation)
        for extra in (parameters.vararg, parameters.kwarg):
            if extra:
                inner.bind(extra.arg, node.lineno, How.UNKNOWN, extra)
        outer += [*parameters.defaults, *parameters.kw_defaults]
        self._fill_header([child for child in outer if child is not None], node, scope)
        self.todo.append((node, inner))
        return True

    def _fill_header(self, expressions: list[Any], parent: ast.AST, scope: Scope) -> None:
        """Record the expressions of a header, which belong to the scope around it."""
        if expressions:
            self.fill(ast.Module(body=expressions, type_ignores=[]), scope)
            for child in expressions:
                child.parent = parent

    def on_class(self, node: Any, scope: Scope) -> bool:
        inner = Scope(Kind.CLASS, node, scope)
        node.inner = inner
        node.scope = scope
        scope.bind(node.name, node.lineno, How.CLASS, node)
        self.nodes.classes.append(node)
        keywords = [keyword.value for keyword in node.keywords]
        self._fill_header([*node.bases, *keywords, *node.decorator_list], node, scope)
        self.todo.append((node, inner))
        return True

    def on_comprehension(self, node: Any, scope: Scope) -> bool:
        inner = Scope(Kind.COMPREHENSION, node, scope)
        node.scope = scope
        for generator in node.generators:
            bind_target(generator.target, How.ITEM, generator.iter, inner, node.lineno)
            generator.lineno, generator.col_offset = node.lineno, node.col_offset
            generator.scope = inner
            self.nodes.loops.append(generator)
        self.todo.append((node, inner))
        return True

    def on_assign(self, node: Any, scope: Scope) -> bool:
        node.scope = scope
        self.nodes.assigns.append(node)
        if node.value.__class__ in _ALIASING and not _gives_no_function(node.value):
            for target in node.targets:
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)
                if name is not None:
                    self.nodes.aliases.add(name)
        for target in node.targets:
            bind_target(target, How.VALUE, node.value, scope, node.lineno)
        return False

    def on_annotated(self, node: Any, scope: Scope) -> bool:
        node.scope = scope
        self.nodes.assigns.append(node)
        if node.value is not None:
            bind_target(node.target, How.VALUE, node.value, scope, node.lineno)
        else:
            bind_target(node.target, How.ANNOTATION, node.annotation, scope, node.lineno)
        return False

    def on_augmented(self, node: Any, scope: Scope) -> bool:
        node.scope = scope
        self.nodes.assigns.append(node)
        return False

    def on_walrus(self, node: ast.NamedExpr, scope: Scope) -> bool:
        bind_target(node.target, How.VALUE, node.value, scope, node.lineno)
        if not _gives_no_function(node.value):
            self.nodes.aliases.add(node.target.id)
        return False

    def on_for(self, node: Any, scope: Scope) -> bool:
        node.scope = scope
        self.nodes.loops.append(node)
        bind_target(node.target, How.ITEM, node.iter, scope, node.lineno)
        return False

    def on_with(self, node: Any, scope: Scope) -> bool:
        for item in node.items:
            if item.optional_vars is not None:
                bind_target(item.optional_vars, How.VALUE, item.context_expr, scope, node.lineno)
        return False

    def on_return(self, node: ast.Return, scope: Scope) -> bool:
        if node.value is not None:
            scope.returned.append(node.value)
        return False

    def on_test(self, node: Any, scope: Scope) -> bool:
        self.nodes.tests.append(node)
        return False

    def on_dict(self, node: Any, scope: Scope) -> bool:
        node.scope = scope
        self.nodes.dicts.append(node)
        return False


_HANDLERS: Final[dict[type, Any]] = {
    ast.Import: _Walk.on_import,
    ast.ImportFrom: _Walk.on_import_from,
    ast.FunctionDef: _Walk.on_function,
    ast.AsyncFunctionDef: _Walk.on_function,
    ast.Lambda: _Walk.on_function,
    ast.ClassDef: _Walk.on_class,
    **dict.fromkeys(_COMPREHENSIONS, _Walk.on_comprehension),
    ast.Assign: _Walk.on_assign,
    ast.AnnAssign: _Walk.on_annotated,
    ast.AugAssign: _Walk.on_augmented,
    ast.NamedExpr: _Walk.on_walrus,
    ast.For: _Walk.on_for,
    ast.AsyncFor: _Walk.on_for,
    ast.With: _Walk.on_with,
    ast.AsyncWith: _Walk.on_with,
    ast.Return: _Walk.on_return,
    ast.If: _Walk.on_test,
    ast.While: _Walk.on_test,
    ast.IfExp: _Walk.on_test,
    ast.Dict: _Walk.on_dict,
}


def _gives_no_function(node: ast.expr) -> bool:
    """Tell whether a value is a call that gives no function: most assignments are."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    leaf = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return leaf not in _GIVE_FUNCTIONS


def _position(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset
