"""What pins TensorFlow in a process: one definition for the adapter, for scripts and for packages.

It imports nothing of samebits, since packages hold a copy, and TensorFlow only inside of its
functions, since the Python of a script reads it before the script imports TensorFlow.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

#: after its import a script's process is pinned
MODULE = "tensorflow"

#: variables that choose kernels, which TensorFlow reads when it is imported
VARIABLES = ("TF_ENABLE_ONEDNN_OPTS",)

NOT_PORTABLE = (
    "its kernels use approximations (rsqrt, reciprocal) whose bits differ between processors; "
    "set tier: deterministic"
)


def throw(tier: str, threads: int, device: str) -> None:
    """Throw the switches of a tier.

    Raises:
        ValueError: TensorFlow cannot keep the tier.
        RuntimeError: TensorFlow has computed already, with other threads.
    """
    import tensorflow as tf

    _thread(threads)  # first: TensorFlow fixes them when it is first used
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    _throw(tier)


def seed(value: int) -> None:
    """Seed TensorFlow's global generator; Keras draws its seeds from Python's."""
    import tensorflow as tf

    tf.random.set_seed(value)


@contextlib.contextmanager
def thrown(tier: str, threads: int, device: str) -> Iterator[None]:
    """Throw the switches, and in the end leave the process as it was.

    Only the threads stay: TensorFlow lets them be set but once, before it computes anything. GPUs that a
    model does not use are left to the process.

    Raises:
        ValueError: TensorFlow cannot keep the tier.
        RuntimeError: TensorFlow has computed already, with other threads.
    """
    import tensorflow as tf

    config = _config()
    _thread(threads)
    deterministic = config.is_op_determinism_enabled()
    tensor_float_32 = config.tensor_float_32_execution_enabled()
    try:
        _throw(tier)
        with tf.device("/CPU:0") if device == "cpu" else contextlib.nullcontext():
            yield
    finally:
        _determine(deterministic)
        config.enable_tensor_float_32_execution(tensor_float_32)


def changed(threads: int) -> str | None:
    """Name what somebody changed of the switches that a training cannot do without; None if nothing."""
    import tensorflow as tf

    if (actual := tf.config.threading.get_intra_op_parallelism_threads()) != threads:
        return f"changed TensorFlow's threads to {actual}; set threads in the config instead"
    return None


def _config() -> Any:
    from tensorflow.python.framework import config  # tf.config has no word for "off"

    return config


def _thread(threads: int) -> None:
    """Let one operator compute at a time, with these threads."""
    import tensorflow as tf

    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        current = threading.get_intra_op_parallelism_threads() or "all"
        raise RuntimeError(
            f"TensorFlow has computed in this process already, with {current} threads, and can no longer be "
            f"given {threads} of them, which this takes; begin the process with this"
        ) from None


def _throw(tier: str) -> None:
    if tier == "portable":
        raise ValueError(f"TensorFlow cannot keep the tier portable: {NOT_PORTABLE}")
    _determine(tier == "deterministic")
    _config().enable_tensor_float_32_execution(False)


def _determine(deterministic: bool) -> None:
    if deterministic:
        _config().enable_op_determinism()
    else:
        _config().disable_op_determinism()
