"""What can be seen of a recipe without running it."""

import ast
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path

from samebits.config.model import Model
from samebits.config.refusals import near
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
    """Check, without running it, that a file has the recipe's class or function, which takes the params.

    Raises:
        Refused: it has not, or is no Python.
    """
    wanted = model.target
    try:
        module = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise Refused(f"{path} is not Python: {error}") from None
    defined = {node.name: node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    if wanted not in defined:
        raise Refused(
            f"{path} has no class or function {wanted!r}{near(wanted, defined)}; "
            "write path/to/recipe.py:Class"
        )
    allowed = _parameters(defined[wanted])
    if allowed is None:
        return
    for param in model.params:
        if param not in allowed:
            raise Refused(
                f"{wanted} takes no {param!r}{near(param, allowed)}; its params are {', '.join(allowed)}"
            )


def _parameters(node: ast.ClassDef | ast.FunctionDef) -> list[str] | None:
    """Return what a class or function can be called with by name, or None where that cannot be seen.

    It cannot where there are ``**kwargs``, or where a class inherits its ``__init__``.
    """
    if isinstance(node, ast.FunctionDef):
        arguments, named = node.args, node.args.args
    else:
        inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if not inits:
            return None
        arguments = inits[-1].args
        named = arguments.args[1:]  # without self
    return None if arguments.kwarg else [each.arg for each in (*named, *arguments.kwonlyargs)]


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
