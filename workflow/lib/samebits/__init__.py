"""samebits: deterministic machine learning, proven by reruns that are compared bit for bit.

The package is the library behind a Snakemake workflow. ``snakefile()`` gives the workflow's path,
from a checkout and from an installed wheel alike.
"""

from pathlib import Path

from samebits.sealed.seed_all import seed_all

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
