"""What a tier pins, from outside the framework: the variables a measured process is started with.

One table serves all frameworks, since any recipe may call into NumPy, OpenMP or a BLAS. The frameworks' own
switches (deterministic operators, thread setters) are thrown by their adapters.

| tier | pins |
|---|---|
| ``unseeded`` | threads, memory allocation, hashing of strings; seeds are drawn anew in every run |
| ``seeded`` | also every random stream |
| ``deterministic`` | also operators whose result depends on the order in which threads finish |
| ``portable`` | also the instruction set that kernels are chosen by, so that CPUs with AVX2 agree |
"""

import os
from collections.abc import Mapping
from typing import Final, Literal, get_args

Tier = Literal["unseeded", "seeded", "deterministic", "portable"]
TIERS: Final[tuple[Tier, ...]] = get_args(Tier)

#: Set by a site for a BLAS that is broken on its processors. They choose kernels, so they are handed on to
#: measured processes and recorded in the fingerprint instead of being dropped.
SITE_VARIABLES: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

# glibc maps every block over 128 KiB anew from the kernel. When such a block is freed, it raises this limit,
# to 32 MiB at most. So what a process happened to free before decides how memory is handed out. Pinned to the
# highest limit: training then takes 0.8 times as long (measured on the worked example).
_ALLOCATOR: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}

# Measured: with these, PyTorch gives one result on native AVX-512 and on emulated EPYC and Haswell.
# MKL_CBWR=AVX2 would not do: it differs between vendors.
_PORTABLE: Final = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
}


def at_least(tier: str, other: str) -> bool:
    """Tell whether ``tier`` pins everything that ``other`` pins."""
    return TIERS.index(tier) >= TIERS.index(other)


def variables(tier: str, threads: int, site: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that must be set before the interpreter of a measured process starts.

    Args:
        tier: one of ``TIERS``.
        threads: the spec's thread count, the same for every library.
        site: where ``SITE_VARIABLES`` are looked up.
    """
    count = str(threads)
    pinned = {
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": count,
        "OMP_DYNAMIC": "FALSE",
        "MKL_NUM_THREADS": count,
        "MKL_DYNAMIC": "FALSE",
        "OPENBLAS_NUM_THREADS": count,
        "NUMEXPR_NUM_THREADS": count,
        # TensorFlow's own kernels; oneDNN's are chosen by processor and round differently
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",  # changes no bit, only keeps greetings out of the log
        **_ALLOCATOR,
    }
    pinned |= {name: site[name] for name in SITE_VARIABLES if name in site}
    if at_least(tier, "deterministic"):
        # The choice of a cuBLAS workspace decides the order of sums; a missing one no longer raises
        # (pytorch#161749).
        pinned["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    if tier == "portable":
        pinned |= _PORTABLE
    return pinned
