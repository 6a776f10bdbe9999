"""What pins PyTorch in a process: one definition for the adapter, for scripts and for packages.

It imports nothing of samebits, since packages hold a copy, and PyTorch only inside of its
functions, since the Python of a script reads it before the script imports PyTorch.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

#: after its import a script's process is pinned
MODULE = "torch"

#: variables that choose kernels, which PyTorch and its libraries read when they first compute
VARIABLES = ("ATEN_CPU_CAPABILITY", "CUBLAS_WORKSPACE_CONFIG", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")


def throw(tier: str, threads: int, device: str) -> None:
    """Throw the switches of a tier."""
    import torch

    if torch.get_num_interop_threads() != 1:  # it can be set only once, and an adapter may be made again
        torch.set_num_interop_threads(1)
    _throw(tier, threads)


def seed(value: int) -> None:
    """Seed PyTorch's generators, also those of devices that are not in use yet."""
    import torch

    torch.manual_seed(value)


@contextlib.contextmanager
def thrown(tier: str, threads: int, device: str) -> Iterator[None]:
    """Throw the switches, and in the end leave the process as it was.

    Only the number of threads for tasks between operators stays, since it can be set but once. Where a
    process has used them already it is left alone: no operator computes with them.
    """
    import torch

    if torch.get_num_interop_threads() != 1:
        with contextlib.suppress(RuntimeError):
            torch.set_num_interop_threads(1)
    restore = _restorers()
    try:
        _throw(tier, threads)
        yield
    finally:
        for put_back in restore:
            put_back()


def fit(tier: str, module: Any) -> None:
    """Switch off kernels that differ between processors, if a module has layers that would use them.

    oneDNN's LSTM does, also when oneDNN is held to AVX2 (measured: native AMD with AVX-512 against emulated
    Haswell). It is switched off for the whole model, and for models without an LSTM it stays on.
    """
    import torch

    if tier == "portable" and any(isinstance(part, torch.nn.LSTM) for part in module.modules()):
        torch.backends.mkldnn.enabled = False


def changed(tier: str, threads: int) -> str | None:
    """Name what somebody changed of the switches that a training cannot do without; None if nothing."""
    import torch

    if (actual := torch.get_num_threads()) != threads:
        return f"changed PyTorch's threads to {actual}; set threads in the config instead"
    wanted = _deterministic(tier)
    if torch.are_deterministic_algorithms_enabled() != wanted or (
        wanted and torch.is_deterministic_algorithms_warn_only_enabled()
    ):
        return "called torch.use_deterministic_algorithms; set tier in the config instead"
    return None


def _deterministic(tier: str) -> bool:
    return tier in ("deterministic", "portable")


def _throw(tier: str, threads: int) -> None:
    import torch

    deterministic = _deterministic(tier)
    torch.set_num_threads(threads)
    # never warn_only: attention backends then vary silently
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.enabled = True
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.mkldnn.enabled = True
    torch.backends.nnpack.set_flags(tier != "portable")  # takes over convolutions where oneDNN is off
    torch.set_float32_matmul_precision("highest")  # of cuBLAS and oneDNN: no TF32, no bfloat16
    torch.backends.cudnn.allow_tf32 = False
    for operator in _precise():
        operator.fp32_precision = "ieee"


def _precise() -> list[Any]:
    """Return what has a precision of its own; PyTorch before 2.9 has none but the two switches above."""
    import torch

    cuda, cudnn, mkldnn = torch.backends.cuda, torch.backends.cudnn, torch.backends.mkldnn
    if not hasattr(cuda.matmul, "fp32_precision"):
        return []
    return [cuda.matmul, cudnn.conv, cudnn.rnn, mkldnn.matmul, mkldnn.conv, mkldnn.rnn]


def _restorers() -> list[Callable[[], Any]]:
    """Return what puts back every switch as it is now, in order."""
    import torch

    backends = torch.backends
    algorithms = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    threads, nnpack = torch.get_num_threads(), torch._C._get_nnpack_enabled()
    restores: list[Callable[[], Any]] = [
        lambda: torch.set_num_threads(threads),
        lambda: torch.use_deterministic_algorithms(algorithms, warn_only=warn_only),
        lambda: backends.nnpack.set_flags(nnpack),
    ]
    for place, name in (
        (backends.cudnn, "enabled"),
        (backends.cudnn, "deterministic"),
        (backends.cudnn, "benchmark"),
        (backends.mkldnn, "enabled"),
        (backends.cudnn, "allow_tf32"),
        (backends.cuda.matmul, "allow_tf32"),
    ):
        with contextlib.suppress(RuntimeError):  # allow_tf32 is unreadable where operators were set singly
            restores.append(_putting(place, name))
    with contextlib.suppress(RuntimeError):  # nor can this
        precision = torch.get_float32_matmul_precision()
        restores.append(lambda: torch.set_float32_matmul_precision(precision))
    return [*restores, *(_putting(operator, "fp32_precision") for operator in _precise())]


def _putting(place: Any, name: str) -> Callable[[], None]:
    value = getattr(place, name)
    return lambda: setattr(place, name, value)
