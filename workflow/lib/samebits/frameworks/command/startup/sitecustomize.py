"""Seeds and switches for a script that knows nothing of them: Python imports this before the script starts.

The framework ``command`` puts this folder on PYTHONPATH, so that it holds for every Python that the script
starts, too. It uses the standard library only, imports no framework and knows none: what pins one stands in
``frameworks/<name>/switches.py`` and is done right after the script has imported it.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any


def _seed_numpy(seed: int) -> None:
    numpy_random: Any = sys.modules["numpy.random"]
    numpy_random.seed(seed)
    # default_rng() without a seed asks this function for entropy
    numpy_random.bit_generator.randbits = random.Random(seed).getrandbits  # noqa: S311


def _after_imports(seed: int, **tier: Any) -> dict[str, Callable[[], None]]:
    """Return what is done after the import of a module, by its name."""
    actions: dict[str, Callable[[], None]] = {"numpy.random": partial(_seed_numpy, seed)}
    for path in sorted(Path(__file__).parents[2].glob("*/switches.py")):
        switches = _load(path)
        actions[switches.MODULE] = partial(_pin, switches, seed, **tier)
    return actions


def _pin(switches: Any, seed: int, **tier: Any) -> None:
    switches.throw(**tier)
    switches.seed(seed)


def _load(path: Path) -> Any:
    spec = spec_from_file_location(f"samebits_{path.parent.name}_switches", path)
    assert spec and spec.loader  # noqa: S101  of a file of Python
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _AfterImport(MetaPathFinder):
    """Pins what a module brings when its import is done; others find the module."""

    def __init__(self, actions: dict[str, Callable[[], None]]):
        self._actions = actions

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders return, with what is to be done behind the module's own code."""
        if (pin := self._actions.get(name)) is None:
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, others), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_pin(module: ModuleType) -> None:
                execute(module)
                pin()

            spec.loader.exec_module = execute_and_pin  # type: ignore[method-assign]
        return spec


if text := os.environ.get("SAMEBITS_SCRIPT"):
    settings = json.loads(text)
    random.seed(settings["seed"])
    sys.meta_path.insert(0, _AfterImport(_after_imports(**settings)))
