"""samebits: deterministic machine learning, proven by reruns that are compared bit for bit.

The package is the library behind a Snakemake workflow. ``snakefile()`` gives the workflow's path,
from a checkout and from an installed wheel alike.
"""

import random
import sys
from pathlib import Path

__version__ = "0.1.0"
__all__ = ["__version__", "root", "seed_all", "snakefile"]


def root() -> Path:
    """Return the folder that holds ``workflow/``, ``envs/``, ``profiles/`` and ``config/``.

    In a wheel these travel beside the modules as ``_tree``; in a checkout (also an editable install)
    it is the checkout itself.
    """
    package = Path(__file__).resolve().parent
    packed = package / "_tree"
    return packed if packed.is_dir() else package.parents[2]


def snakefile() -> str:
    """Return the path of the workflow's Snakefile, for ``module`` statements and profiles."""
    return str(root() / "workflow" / "Snakefile")


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy, PyTorch and TensorFlow, as far as they are imported.

    For code that runs outside of samebits' workflow, which derives a seed for every step itself. Call it
    after the imports and before anything is drawn; it imports nothing itself.

    Args:
        seed: 0 to 2**32 - 1, the range that all of them take.

    Raises:
        ValueError: the seed is not in this range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"the seed {seed} is not between 0 and {2**32 - 1}")
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.random.set_seed(seed)
