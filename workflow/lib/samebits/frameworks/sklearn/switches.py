"""What pins scikit-learn in a process: one definition for the adapter, for scripts and for packages.

It imports nothing of samebits, since packages hold a copy, and its libraries only inside of its
functions, since the Python of a script reads it before the script imports scikit-learn.
"""

import contextlib
from collections.abc import Iterator

#: after its import a script's process is pinned
MODULE = "sklearn"

#: variables that choose kernels, which NumPy and its BLAS read when NumPy is imported
VARIABLES = ("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE")


def throw(tier: str, threads: int, device: str) -> None:
    """Limit the pools of threads that are loaded by now: those of BLAS and OpenMP."""
    import threadpoolctl

    threadpoolctl.threadpool_limits(threads)


def seed(value: int) -> None:
    """Do nothing: scikit-learn draws from NumPy's generator, which the caller has seeded."""


@contextlib.contextmanager
def thrown(tier: str, threads: int, device: str) -> Iterator[None]:
    """Limit the pools of threads, and in the end leave them as they were."""
    import threadpoolctl

    with threadpoolctl.threadpool_limits(threads):
        yield
