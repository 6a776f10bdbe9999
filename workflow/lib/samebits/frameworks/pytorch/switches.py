"""PyTorch's own switches, and its generators: what makes a process compute the same again."""

import random
import warnings

import numpy as np
import torch

from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least


def throw(spec: Spec) -> None:
    """Throw the switches of a spec's tier, threads and device.

    Raises:
        Refused: the device is not there.
    """
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise Refused(f"model {spec.model}: device is cuda, but PyTorch sees no GPU; set device: cpu")
    torch.set_num_threads(spec.threads)
    if torch.get_num_interop_threads() != 1:  # it can be set only once, and an adapter may be made again
        torch.set_num_interop_threads(1)
    deterministic = at_least(spec.tier, "deterministic")
    # never warn_only: attention backends then vary silently
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if spec.tier == "portable":
        torch.backends.nnpack.set_flags(False)  # takes over convolutions where oneDNN is off


def fit(spec: Spec, module: torch.nn.Module) -> None:
    """Switch off kernels that differ between processors, if a module has layers that would use them.

    oneDNN's LSTM does, also when oneDNN is held to AVX2 (measured: native AMD with AVX-512 against emulated
    Haswell). It is switched off for the whole model, and for models without an LSTM it stays on.
    """
    if spec.tier == "portable" and any(isinstance(m, torch.nn.LSTM) for m in module.modules()):
        with warnings.catch_warnings(action="ignore"):  # about GPUs of another maker
            torch.backends.mkldnn.set_flags(False)


def check(spec: Spec) -> None:
    """Refuse what a recipe changed of the switches.

    Raises:
        Refused: it changed the threads, or switched non-deterministic operators on.
    """
    if (found := torch.get_num_threads()) != spec.threads:
        raise Refused(
            f"model {spec.model}: the recipe changed PyTorch's threads to {found}; "
            "set threads in the config instead"
        )
    wanted = at_least(spec.tier, "deterministic")
    if torch.are_deterministic_algorithms_enabled() != wanted or (
        wanted and torch.is_deterministic_algorithms_warn_only_enabled()
    ):
        raise Refused(
            f"model {spec.model}: the recipe called torch.use_deterministic_algorithms; "
            "set tier in the config instead"
        )


def seed(value: int) -> None:
    """Seed every generator a recipe may draw from.

    The generators themselves: ``torch.manual_seed`` costs 85 us a call, this 1 us.
    """
    random.seed(value)
    np.random.seed(value % 2**32)
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(value)
