"""Seeds and switches for a script that knows nothing of them: Python imports this before the script starts.

The framework ``command`` puts this folder on PYTHONPATH, so that it holds for every Python that the script
starts, too. It uses the standard library only and imports no framework: what belongs to one is done right
after the script has imported it.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def _numpy_random(numpy_random: Any, seed: int, **_: Any) -> None:
    numpy_random.seed(seed)
    # default_rng() without a seed asks this function for entropy
    numpy_random.bit_generator.randbits = random.Random(seed).getrandbits  # noqa: S311


def _torch(torch: Any, seed: int, threads: int, deterministic: bool) -> None:
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def _tensorflow(tensorflow: Any, seed: int, threads: int, deterministic: bool) -> None:
    # threads first: TensorFlow fixes them when it is first used
    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    if deterministic:
        tensorflow.config.experimental.enable_op_determinism()
    tensorflow.random.set_seed(seed)


_SWITCHES: dict[str, Callable[..., None]] = {
    "numpy.random": _numpy_random,
    "torch": _torch,
    "tensorflow": _tensorflow,
}


class _AfterImport(MetaPathFinder):
    """Throws a module's switches when its import is done; others find the module."""

    def __init__(self, settings: dict[str, Any]):
        self._settings = settings

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders return, with the switches behind the module's own code."""
        if (throw := _SWITCHES.get(name)) is None:
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, others), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_throw(module: ModuleType) -> None:
                execute(module)
                throw(module, **self._settings)

            spec.loader.exec_module = execute_and_throw  # type: ignore[method-assign]
        return spec


if settings := os.environ.get("SAMEBITS_SCRIPT"):
    found = json.loads(settings)
    random.seed(found["seed"])
    sys.meta_path.insert(0, _AfterImport(found))
