"""Which dotted paths are PyTorch tensors or networks."""

from typing import Final

#: a tensor of which nothing else is known
TENSOR: Final = "torch.Tensor()"
#: calls below ``torch`` that give no tensor
_NO_TENSOR: Final = (
    "torch.device(", "torch.Generator(", "torch.utils.", "torch.optim.", "torch.load(", "torch.distributed.",
    "torch.jit.", "torch.no_grad(", "torch.cuda.", "torch.multiprocessing.", "torch.backends.",
    "torch.autograd.",
    "torch.get_rng_state(", "torch.finfo(", "torch.iinfo(", "torch.Size(", "torch.compile(", "torch.hub.",
    "torch.profiler.", "torch.fx.", "torch.package.", "torch.onnx.", "torch.testing.", "torch.library.",
    "torch.initial_seed(", "torch.seed(", "torch.get_num_threads(", "torch.dtype", "torch.typename(",
    "torch.inference_mode(", "torch.enable_grad(", "torch.is_", "torch.numel(", "torch.save(",
    "torch.futures.",
)  # fmt: skip
#: attributes and methods of tensors that give no tensor
_LEAVE_TENSORS: Final = (
    ".numpy()", ".item()", ".tolist()", ".size()", ".shape", ".dtype", ".device", ".dim()",
    ".data_ptr()", ".numel()", ".layout", ".grad_fn", ".names", ".ndim",
)  # fmt: skip
_INTEGERS: Final = (
    ".long()", ".int()", ".bool()", ".short()", ".byte()", ".argmax()", ".argsort()", "torch.arange()",
)  # fmt: skip


def is_tensor(path: str) -> bool:
    """Tell whether a path is a PyTorch tensor's."""
    if not path.startswith("torch.") or "()" not in path:
        return False
    if path.startswith(_NO_TENSOR) or any(part in path for part in _LEAVE_TENSORS):
        return False
    head, _, rest = path.partition("()")
    if head.startswith("torch.nn.") and not head.startswith("torch.nn.functional."):
        name = head.rpartition(".")[2]
        if name[:1].isupper() and name not in ("Parameter", "Buffer"):
            return rest.startswith("()")
    return True


def is_integer_tensor(path: str) -> bool:
    """Tell whether a path is that of a tensor of integers or booleans."""
    return is_tensor(path) and path.endswith(_INTEGERS)


def is_network(path: str) -> bool:
    """Tell whether a path is an instance of a layer or network of ``torch.nn``."""
    return path.startswith("torch.nn.") and path.endswith("()") and not is_tensor(path)
