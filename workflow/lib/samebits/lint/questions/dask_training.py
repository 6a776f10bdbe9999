"""Distributed training with Dask: whether a file does it."""

from typing import Final

from samebits.lint.file import File

_MODULES: Final = ("xgboost.dask", "lightgbm.dask", "dask_ml")
_TRAINERS: Final = ("xgboost.dask.", "lightgbm.Dask", "lightgbm.dask.", "dask_ml.")


def trains_on_dask(file: File) -> bool:
    """Tell whether a file trains models on Dask's workers."""
    if any(module.startswith(_MODULES) for module in file.semantics.nodes.modules):
        return True
    return any(path.startswith(_TRAINERS) for _, path in file.calls)
