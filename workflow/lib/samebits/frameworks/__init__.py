"""The frameworks: a folder each, found by looking, so that adding one adds a folder and changes no file.

A folder has ``__init__`` (its ``TRAITS``, importing nothing of the framework), ``adapter`` (what the engine
sees), ``predictor`` (what a package runs), and ``switches`` if the framework has settings that pin a process:

| in ``switches`` | |
|---|---|
| ``MODULE`` | after whose import a script's process is pinned |
| ``VARIABLES`` | names of the tier's variables that choose the framework's kernels; a package sets them |
| ``throw(tier, threads, device)`` | pins a process for good: the adapter's, a script's |
| ``seed(value)`` | seeds the framework's own generators, for a script |
| ``thrown(tier, threads, device)`` | pins a process as long as a package predicts; a context manager |
"""

import importlib
from functools import cache
from pathlib import Path

from samebits.sealed.traits import Traits

FOLDER = Path(__file__).parent


@cache
def known() -> tuple[str, ...]:
    """Return the names of all frameworks, sorted."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/adapter.py")))


@cache
def traits(framework: str) -> Traits:
    """Return what a framework declares of itself; imports nothing of it.

    Raises:
        KeyError: there is no such framework.
    """
    if framework not in known():
        raise KeyError(framework)
    declared: Traits = importlib.import_module(f"samebits.frameworks.{framework}").TRAITS
    return declared


def predictor(framework: str) -> str:
    """Return the framework whose ``predictor`` serves the models of a framework."""
    return traits(framework).predictor or framework


def runtime(framework: str) -> list[Path]:
    """List the files that packages of a framework's models run, all below ``FOLDER``.

    These are its predictor, its switches, and those that its processes share.
    """
    name = predictor(framework)
    own = [FOLDER / name / "predictor.py", FOLDER / name / "switches.py"]
    shared = (path for pattern in traits(name).shares for path in FOLDER.glob(pattern))
    switches = (path for path in shared if path.name == "switches.py")
    return sorted({path for path in (*own, *switches) if path.is_file()})


def variables(framework: str) -> list[str]:
    """List the variables that choose kernels for the models of a framework."""
    modules = [path.parent.name for path in runtime(framework) if path.name == "switches.py"]
    lists = (importlib.import_module(f"samebits.frameworks.{name}.switches").VARIABLES for name in modules)
    return sorted({name for names in lists for name in names})
