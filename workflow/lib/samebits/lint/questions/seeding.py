"""Calls that take a seed, and seeds that differ in every process."""

import ast
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.semantics.scopes import How
from samebits.lint.semantics.syntax import argument

#: calls that reset a generator that others share; the seed comes first
GLOBAL_SEEDERS: Final = (
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
)
#: calls that take a seed -> where it stands
SEEDERS: Final = dict.fromkeys(
    [
        *GLOBAL_SEEDERS,
        "tensorflow.set_random_seed",
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "random.Random",
        "jax.random.PRNGKey",
        "jax.random.key",
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

#: what the names of seeds end in
SEED_ENDINGS: Final = ("seed", "random_state", "seed_value")
#: what a seeded generator gives: it differs only while that is not seeded
_DRAWS: Final = (
    "numpy.random.randint",
    "random.randint",
    "random.random",
    "random.getrandbits",
    "random.randrange",
    "numpy.random.random",
    "numpy.random.rand",
    "torch.randint",
    "torch.initial_seed",
)
#: what differs in every process
_ENTROPY: Final = frozenset(
    [
        *_DRAWS,
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "os.getpid",
        "os.getppid",
        "os.urandom",
        "uuid.uuid1",
        "uuid.uuid4",
        "torch.seed",
        "socket.gethostname",
        "platform.node",
        "threading.get_ident",
        "id",
        "hash",
    ]
)
_ENTROPY_MODULES: Final = ("secrets.", "random.SystemRandom")
#: what of ``time`` is no clock
_NO_CLOCK: Final = ("time.sleep", "time.strftime", "time.strptime", "time.mktime", "time.tzset")
_SEEDER_OF: Final = {"random": "random.seed", "numpy": "numpy.random.seed", "torch": "torch.manual_seed"}
_DEPTH: Final = 4


def is_seed(name: str) -> bool:
    """Tell whether a name is that of a seed."""
    lowered = name.lower()
    return lowered.endswith("seed") or lowered in SEED_ENDINGS


def seed_of(call: ast.Call, path: str) -> Any:
    """Return the seed that a call takes; None if it takes none, or that is not known."""
    if path.endswith("Generator().manual_seed"):
        path = "torch.default_generator.manual_seed"
    position = SEEDERS.get(path)
    if position is None:
        return None
    seed = argument(call, "seed", position)
    if seed is None and call.keywords and call.keywords[0].arg:
        seed = call.keywords[0].value
    return None if seed is call else seed


def entropy(file: File, seed: Any) -> str:
    """Return what a seed is computed from that differs in every process; empty if nothing is known."""
    for part in _followed(file, seed):
        if isinstance(part, ast.Call):
            path = file.path(part.func)
            if _is_entropy(path) and not _is_fixed(file, part, path):
                return path
    return ""


def _is_entropy(path: str) -> bool:
    if path.startswith("time."):
        return path not in _NO_CLOCK
    return path in _ENTROPY or path.startswith(_ENTROPY_MODULES)


def _is_fixed(file: File, call: ast.Call, path: str) -> bool:
    """Tell whether what mostly differs does not here: by its argument, the seal, or a seed set before."""
    if path == "hash":
        values = file.semantics.values(call.args[0]) if call.args else None
        return file.context.sealed or any(isinstance(value, int) for value in values or ())
    if path not in _DRAWS:
        return False
    library = path.partition(".")[0]
    return (
        path == "torch.initial_seed" or f"seed.{library}" in file.facts or _is_seeded_in_file(file, library)
    )


def _is_seeded_in_file(file: File, library: str) -> bool:
    seeder = _SEEDER_OF[library]
    calls = file.semantics.nodes.calls_named(seeder.rpartition(".")[2])
    return any(file.path(call.func) == seeder for call in calls)


def _followed(file: File, node: Any) -> list[ast.AST]:
    """Return the parts of an expression, with names followed to what they were assigned."""
    parts: list[ast.AST] = []
    todo, seen = [(node, 0)], set()
    while todo:
        at, depth = todo.pop()
        if isinstance(at, ast.Lambda):
            continue
        parts.append(at)
        if isinstance(at, ast.Name) and depth < _DEPTH and hasattr(at, "scope"):
            bound = file.semantics.binding(at)
            if bound is not None and bound.how is How.VALUE and id(bound.node) not in seen:
                seen.add(id(bound.node))
                todo.append((bound.node, depth + 1))
        elif not isinstance(at, ast.Name):
            todo += [(child, depth) for child in ast.iter_child_nodes(at)]
    return parts
