"""What a result depends on besides its spec: processor, libraries and the kernels they chose.

Identity is claimed within a fingerprint. It holds no host name, path or time: equal machines have equal ones.
"""

import json
import platform
import re
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final, Literal, NotRequired, TypedDict

import numpy as np

from samebits.sealed import gpus
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import variables

FORMAT: Final = "samebits-fingerprint/1"
#: its file in a run's folder
FILE = "fingerprint.json"


class Cpu(TypedDict):
    """A processor: its model, and the x86-64 level of its instructions, or what else it is."""

    model: str
    isa: str


class Os(TypedDict):
    """The operating system, and its C library with version."""

    system: str
    libc: str


class Numpy(TypedDict):
    """The BLAS that NumPy was built with, and the instruction sets that its kernels were chosen for."""

    blas: str
    simd: list[str]


class Fingerprint(TypedDict):
    """What a run's bits depend on besides its spec, as fingerprint.json holds it."""

    format: Literal["samebits-fingerprint/1"]
    cpu: Cpu
    os: Os
    python: str
    compiler: str
    libraries: dict[str, str]
    numpy: Numpy
    threads: int
    device: str
    gpus: NotRequired[list[dict[str, str]]]
    variables: dict[str, str]
    framework: dict[str, Any]
    earlier: NotRequired[list[dict[str, Any]]]


#: features that an x86-64 level adds, under Linux' names (x86-64 psABI)
_X86_LEVELS = {
    "x86-64-v2": {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    "x86-64-v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"},
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}


def take(spec: Spec, framework: dict[str, Any]) -> Fingerprint:
    """Take the fingerprint of this process; ``framework`` is what the adapter adds."""
    fingerprint: Fingerprint = {
        "format": FORMAT,
        "cpu": _cpu(),
        "os": {"system": platform.system(), "libc": " ".join(platform.libc_ver())},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": sys.version.split("[")[-1].rstrip("]"),
        "libraries": dict(sorted((d.name, d.version) for d in distributions())),
        "numpy": {"blas": _blas(), "simd": _simd()},
        "threads": spec.threads,
        "device": spec.device,
        "variables": variables(spec.tier, spec.threads),
        "framework": framework,
    }
    if spec.device == "cuda":
        fingerprint["gpus"] = gpus.visible()
    return fingerprint


def differences(a: Any, b: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """List where two JSON values differ: dotted path -> both, None for a missing one.

    They are compared as they are written, since to Python 1, 1.0 and True are equal.
    """
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return {} if json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True) else {path: (a, b)}
    pairs: dict[str, tuple[Any, Any]] = {}
    for key in sorted(a.keys() | b.keys()):
        place = f"{path}.{key}" if path else key
        if key in a and key in b:
            pairs |= differences(a[key], b[key], place)
        else:
            pairs[place] = (a.get(key), b.get(key))
    return pairs


def _cpu() -> Cpu:
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", text, re.MULTILINE)
    features = set(flags[1].split()) if flags else set()
    level = platform.machine()
    for name, needed in _X86_LEVELS.items():
        if not needed <= features:
            break
        level = name
    return {"model": model[1] if model else platform.processor(), "isa": level}


def _blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"


def _simd() -> list[str]:
    """Return the instruction sets that NumPy's kernels were dispatched to in this process."""
    return np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
