"""What can be seen of a recipe without running it."""

import ast
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path

from samebits.config.messages import near
from samebits.config.model import Model
from samebits.sealed.errors import Refused


def recipe_file(model: Model, roots: Iterable[Path]) -> Path:
    """Find a recipe's file: absolute, or relative to the first root that has it.

    Raises:
        Refused: no root has it.
    """
    for root in roots:
        if (path := root / model.file).is_file():
            return path
    form = "path/to/script" if not model.target else "path/to/recipe.py:Class"
    raise Refused(f"{model.file!r} is not a file; write {form}, relative to the working directory")


def check_recipe(model: Model, path: Path) -> None:
    """Check, without running it, that a file has the recipe's class or function, which takes the params."""
    wanted = model.target
    try:
        module = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise Refused(f"{path} is not Python: {error}") from None
    found = {node.name: node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    if wanted not in found:
        raise Refused(
            f"{path} has no class or function {wanted!r}{near(wanted, found)}; write path/to/recipe.py:Class"
        )
    node = found[wanted]
    own = 1 if isinstance(node, ast.ClassDef) else 0  # self
    functions = (
        [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"] if own else [node]
    )
    for function in functions:
        if isinstance(function, ast.FunctionDef) and not function.args.kwarg:
            taken = [a.arg for a in (*function.args.args[own:], *function.args.kwonlyargs)]
            for param in model.params.keys() - set(taken):
                raise Refused(
                    f"{wanted} takes no {param!r}{near(param, taken)}; its params are {', '.join(taken)}"
                )


def refuse_shadow(path: Path, working: Path) -> None:
    """Refuse a recipe that would be imported in place of a module, as ``rich.py`` in place of Rich.

    Snakemake starts its jobs by ``python -m``, which looks in the working directory first.
    """
    name, folder = path.stem, working.resolve()
    if path.suffix != ".py" or path.resolve().parent != folder:
        return
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if Path(entry).resolve() != folder])
    if name in sys.stdlib_module_names or (spec is not None and spec.origin is not None):
        raise Refused(
            f"{path.name} in the working directory would be imported in place of the module {name}; "
            "rename it, or move it into a folder such as recipes/"
        )
