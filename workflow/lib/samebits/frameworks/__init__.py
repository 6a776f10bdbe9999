"""The frameworks: a folder each, found by looking, so that adding one adds a folder and changes no file.

A folder has ``__init__`` (its ``TRAITS``, importing nothing of the framework), ``adapter`` (what the engine
sees), ``switches`` if the framework has settings that pin a process, and ``predictor`` (what a package runs).
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


def predictor(framework: str) -> Path:
    """Return the folder whose ``predictor`` serves the models of a framework."""
    return FOLDER / (traits(framework).predictor or framework)
