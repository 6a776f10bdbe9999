"""Seeds and generators: missing, taken from the clock, or set again and again."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import STEPS, File
from samebits.lint.finding import Edit, Fix
from samebits.lint.names import ancestors, argument

#: calls that take a seed: path -> where it stands
SEEDERS: Final = dict.fromkeys(
    [
        "random.seed",
        "numpy.random.seed",
        "torch.manual_seed",
        "torch.random.manual_seed",
        "torch.cuda.manual_seed",
        "torch.cuda.manual_seed_all",
        "tensorflow.random.set_seed",
        "tensorflow.set_random_seed",
        "keras.utils.set_random_seed",
        "lightning.pytorch.seed_everything",
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "random.Random",
        "jax.random.PRNGKey",
        "jax.random.key",
        "transformers.set_seed",
        "accelerate.utils.set_seed",
        "numpy.random.SeedSequence",
        "numpy.random.PCG64",
        "numpy.random.MT19937",
        "tensorflow.random.Generator.from_seed",
        "cupy.random.seed",
        "mxnet.random.seed",
        "dask.array.random.seed",
        "dask.array.random.RandomState",
        "lightning.seed_everything",
        "torch.default_generator.manual_seed",
        "samebits.seed_all",
        "fastai.torch_core.set_seed",
        "torch.xpu.manual_seed",
        "torch.mps.manual_seed",
    ],
    0,
) | {"numpy.random.Philox": 1}
#: of these, the ones that reset a generator that others share
_GLOBAL: Final = frozenset(
    [
        "random.seed",
        "numpy.random.seed",
        "torch.manual_seed",
        "torch.random.manual_seed",
        "tensorflow.random.set_seed",
        "torch.cuda.manual_seed",
        "torch.cuda.manual_seed_all",
        "keras.utils.set_random_seed",
        "transformers.set_seed",
        "lightning.pytorch.seed_everything",
        "accelerate.utils.set_seed",
    ]
)
_SEED_ARGUMENTS: Final = frozenset(
    {"seed", "random_state", "random_seed", "rng_seed", "seed_value", "manual_seed", "bagging_seed"}
)
#: what differs in every process
_ENTROPY: Final = tuple(
    [
        "time.",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "os.getpid",
        "os.urandom",
        "uuid.uuid1",
        "uuid.uuid4",
        "secrets.",
        "random.SystemRandom",
        "torch.seed",
        "torch.initial_seed",
        "os.getppid",
        "socket.gethostname",
        "threading.get_ident",
        "id",
        "hash",
        "numpy.random.randint",
        "random.randint",
        "random.random",
        "random.getrandbits",
        "random.randrange",
        "numpy.random.random",
        "numpy.random.rand",
        "torch.randint",
        "platform.node",
        "datetime.date.today",
    ]
)
_DERIVED: Final = frozenset(
    [
        "random.randint",
        "random.random",
        "random.getrandbits",
        "random.randrange",
        "numpy.random.randint",
        "numpy.random.random",
        "numpy.random.rand",
        "torch.randint",
        "torch.initial_seed",
        "hash",
    ]
)
_LABELS: Final = {"torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras"}


def check(file: File) -> None:
    """Report seeds that are none."""
    for call, path in file.calls:
        _seeder(file, call, path)
    for call in file.names.calls:
        for keyword in call.keywords:
            if keyword.arg and _is_seed(keyword.arg):
                _entropy(file, keyword.value, call)
    for assign in file.names.assigns:
        target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            name = target.slice.value
        if isinstance(name, str) and _is_seed(name) and assign.value is not None:
            _entropy(file, assign.value, assign)
    for table in file.names.dicts:
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_seed(key.value):
                _entropy(file, value, value)
    for function, _ in file.names.functions:
        for name, value in _defaults(function):
            if _is_seed(name):
                _entropy(file, value, value)
    _worker_seeds(file)
    if not file.context.sealed and file.context.tier != "unseeded":
        _missing(file)


def _is_seed(name: str) -> bool:
    return name.lower() in _SEED_ARGUMENTS or name.lower().endswith("seed")


def _defaults(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of a function that have defaults, with these."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    if given.defaults:
        yield from (
            (a.arg, d) for a, d in zip(positional[-len(given.defaults) :], given.defaults, strict=True)
        )
    yield from ((a.arg, d) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is not None)


def _seeder(file: File, call: ast.Call, path: str) -> None:
    if path.endswith("Generator().manual_seed"):
        path = "torch.default_generator.manual_seed"
    position = SEEDERS.get(path)
    if position is None:
        return
    seed = argument(call, "seed", position)
    if seed is None and call.keywords and call.keywords[0].arg:
        seed = call.keywords[0].value
    if seed is None or seed is call:
        return
    if not _entropy(file, seed, call) and path in _GLOBAL:
        _again(file, call, seed, path)


def _entropy(file: File, seed: Any, node: Any) -> bool:
    """Report a seed that is computed from what differs in every process."""
    for part in _followed(file, seed):
        if not isinstance(part, ast.Call):
            continue
        path = file.path(part.func)
        if not path.startswith(_ENTROPY) or not _is_entropy(path):
            continue
        if path in ("id", "hash") and part.args and file.names.values(part.args[0]) is not None:
            if path == "hash" and any(isinstance(v, int) for v in file.names.values(part.args[0]) or ()):
                continue
        if path.startswith("hash") and file.context.sealed:
            continue
        if path in _DERIVED and path != "hash":
            library = path.partition(".")[0]
            if path == "torch.initial_seed" or f"seed.{library}" in file.facts or _seeds(file, library):
                continue
        key = (node.lineno, node.col_offset)
        reported = file.__dict__.setdefault("entropy", set())
        if key in reported:
            return True
        reported.add(key)
        file.report(
            node,
            "SB202",
            f"the seed comes from {path}(), which differs in every process; use a fixed seed and record it",
            "error" if file.context.sealed else None,
        )
        return True
    return False


def _is_entropy(path: str) -> bool:
    if path.startswith("time."):
        return path not in ("time.sleep", "time.strftime", "time.strptime", "time.mktime", "time.tzset")
    return path.startswith("secrets.") or path.startswith("random.SystemRandom") or path in _ENTROPY


def _seeds(file: File, library: str) -> bool:
    names = {"random": "random.seed", "numpy": "numpy.random.seed", "torch": "torch.manual_seed"}
    leaf = names[library].rpartition(".")[2]
    return any(file.path(call.func) == names[library] for call in file.names.calls_of.get(leaf, ()))


def _followed(file: File, node: Any) -> list[ast.AST]:
    """Return the parts of an expression, with names followed to what they were assigned."""
    found: list[ast.AST] = []
    todo, seen = [(node, 0)], set()
    while todo:
        at, depth = todo.pop()
        if isinstance(at, ast.Lambda):
            continue
        found.append(at)
        if isinstance(at, ast.Name) and depth < 4 and hasattr(at, "scope"):
            bound = file.names.binding(at.id, at.scope, at.lineno)
            if bound is not None and bound.how == "value" and id(bound.node) not in seen:
                seen.add(id(bound.node))
                todo.append((bound.node, depth + 1))
        elif not isinstance(at, ast.Name):
            todo += [(child, depth) for child in ast.iter_child_nodes(at)]
    return found


def _again(file: File, call: ast.Call, seed: Any, path: str) -> None:
    """Report a constant seed that is set in every turn of a loop, every step, or for every sample."""
    variables: set[str] = set()
    for outer in ancestors(call):
        if isinstance(outer, ast.For | ast.AsyncFor):
            variables |= {n.id for n in ast.walk(outer.target) if isinstance(n, ast.Name)}
            if _depends(seed, variables) or _depends_on_loop(file, seed, outer):
                return
            if _ends_loop(call, outer):
                continue
            where = "in every turn of the loop"
        elif isinstance(outer, ast.While):
            if not isinstance(seed, ast.Constant):
                return
            where = "in every turn of the loop"
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            if outer.name not in STEPS or (outer.name == "call" and "keras" not in file.frameworks):
                return
            parameters = {a.arg for a in (*outer.args.args, *outer.args.kwonlyargs)} - {"self"}
            if _depends(seed, parameters) or not isinstance(outer.parent, ast.ClassDef):  # type: ignore[union-attr]
                return
            if any(isinstance(each, ast.Name) for each in ast.walk(seed)) and not file.names.values(seed):
                parts = {n.id for n in ast.walk(seed) if isinstance(n, ast.Name)} - {"self"}
                if parts:
                    return
            where = f"in every call of {outer.name}"
        elif isinstance(outer, ast.ClassDef | ast.Lambda):
            return
        else:
            continue
        file.report(
            call,
            "SB205",
            f"{path} is called {where}, so the same random numbers come again and again; seed once, before",
        )
        return


def _ends_loop(call: ast.Call, loop: Any) -> bool:
    return any(call is each for each in ast.walk(loop.iter))


def _depends(node: Any, names: set[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def _depends_on_loop(file: File, seed: Any, loop: Any) -> bool:
    """Tell whether a seed is computed or drawn inside the loop, so that it differs from turn to turn."""
    for each in ast.walk(seed):
        if isinstance(each, ast.Call):
            return True
        if isinstance(each, ast.Attribute) and not isinstance(each.value, ast.Name):
            continue
        if isinstance(each, ast.Name) and hasattr(each, "scope"):
            for bound in each.scope.bindings.get(each.id, ()):
                if loop.lineno < bound.line <= loop.end_lineno:
                    return True
    for statement in ast.walk(loop):
        if isinstance(statement, ast.AugAssign) and ast.dump(statement.target).replace(
            "Store", "Load"
        ) == ast.dump(seed).replace("Store", "Load"):
            return True
    return False


def _worker_seeds(file: File) -> None:
    """Report a ``worker_init_fn`` that gives every worker the same seed."""
    for call in file.names.calls_of.get("DataLoader", ()):
        given = argument(call, "worker_init_fn")
        if given is None or given is call:
            continue
        function: Any = given if isinstance(given, ast.Lambda) else None
        if isinstance(given, ast.Name):
            bound = file.names.binding(given.id, given.scope, given.lineno)  # type: ignore[attr-defined]
            function = bound.node if bound is not None and bound.how == "def" else None
        if function is None:
            continue
        body = function.body if isinstance(function.body, list) else [function.body]
        for statement in body:
            for inner in ast.walk(statement):
                if not isinstance(inner, ast.Call) or not hasattr(inner, "scope"):
                    continue
                if (
                    file.path(inner.func) in _GLOBAL
                    and inner.args
                    and isinstance(inner.args[0], ast.Constant)
                ):
                    file.report(
                        inner,
                        "SB206",
                        "every worker gets the same seed, so workers repeat each other's random numbers; "
                        "derive it from torch.initial_seed() or the worker's id",
                    )


_USES: Final = {
    "torch": ("torch.manual_seed", "PyTorch"),
    "tensorflow": ("keras.utils.set_random_seed", "TensorFlow"),
}


def _missing(file: File) -> None:
    """Report a script that trains without ever seeding its framework."""
    if not file.is_script():
        return
    training: ast.Call | None = None
    framework = ""
    if "torch" in file.frameworks or "lightning" in file.frameworks:
        training, framework = _trains_torch(file), "torch"
    if training is None and file.frameworks & {"tensorflow", "keras"}:
        training, framework = _trains_keras(file), "tensorflow"
    if training is None:
        return
    call, name = _USES[framework]
    file.report(
        training,
        "SB201",
        f"{name} trains here and no seed is set; call {call}(seed) or samebits.seed_all(seed) first",
        unless=(f"seed.{framework}",),
        fix=_insert_seed(file),
    )


def _trains_torch(file: File) -> ast.Call | None:
    calls = file.names.calls_of
    for call in calls.get("backward", ()):
        if isinstance(call.func, ast.Attribute):
            return call
    trained: list[ast.Call] = [*calls.get("fit", ()), *calls.get("train", ())]
    return next((call for call in trained if "Trainer()" in file.path(call.func)), None)


def _trains_keras(file: File) -> ast.Call | None:
    for leaf in ("fit", "train_on_batch", "fit_generator"):
        for call in file.names.calls_of.get(leaf, ()):
            path = file.path(call.func)
            if path.startswith(("keras.", "?.", "tensorflow.")) and (
                not path.startswith("?.") or _compiled(file)
            ):
                return call
    for call in file.names.calls_of.get("GradientTape", ()):
        return call
    return None


def _compiled(file: File) -> bool:
    return bool(file.names.calls_of.get("compile"))


def _insert_seed(file: File) -> Fix | None:
    """Return the fix that seeds everything after the last import at the top of the file."""
    if file.source.notebook is not None:
        return None
    last = None
    for statement in file.names.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            last = statement
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            break
    if last is None:
        return None
    lines = file.source.offsets
    if last.end_lineno is None or last.end_lineno >= len(lines):
        return None
    at = lines[last.end_lineno]
    newline = "\r\n" if "\r\n" in file.source.text else "\n"
    text = f"import samebits{newline}{newline}samebits.seed_all(0){newline}"
    return Fix("insert samebits.seed_all(0)", (Edit(at, at, text),))
