"""A checkpoint of 1 GiB, digested and written by the engine, against safetensors alone writing it."""

import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from run import pairs, tell, timed
from samebits.sealed import checkpoint
from samebits.sealed.digest import tensor


def run() -> None:
    """Print the ratio. Ours is on the disk when it returns (fsync); safetensors' may be in memory only."""
    print("checkpoint: 64 tensors of 16 MiB", flush=True)
    rng = np.random.default_rng(0)
    arrays = {f"t{i}": np.frombuffer(rng.bytes(1 << 24), np.float32).reshape(2048, 2048) for i in range(64)}
    tensors = {name: tensor(array) for name, array in arrays.items()}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        ours = Path(folder) / "ours.safetensors"
        theirs = Path(folder) / "theirs.safetensors"
        figures = pairs(
            lambda: timed(lambda: checkpoint.save_digested(ours, tensors)),
            lambda: timed(lambda: save_file(arrays, theirs)),
            7,
        )
    tell("checkpoint of 1 GiB, ours and a bare safetensors save", figures, 1.3)
