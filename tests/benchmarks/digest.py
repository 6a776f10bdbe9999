"""The digest of a state of 1 GiB against BLAKE3 alone on the same bytes, and the memory it takes."""

import os
import resource

import numpy as np
from blake3 import blake3

from run import pairs, tell, timed
from samebits.sealed.digest import rows, state_digest, tensor

THREADS = os.cpu_count() or 1


def run() -> None:
    """Print the ratio and how much the digest adds to the process' peak of memory."""
    print(f"digest: 64 tensors of 16 MiB, {THREADS} threads", flush=True)
    rng = np.random.default_rng(0)
    arrays = [np.frombuffer(rng.bytes(1 << 24), np.float32).reshape(2048, 2048) for _ in range(64)]
    tensors = {f"tensor-{i}": tensor(array) for i, array in enumerate(arrays)}

    def alone() -> None:
        for array in arrays:
            blake3(array.reshape(-1).view(np.uint8).data, max_threads=THREADS).digest()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    state_digest(rows(tensors, THREADS))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figures = pairs(lambda: timed(lambda: state_digest(rows(tensors, THREADS))), lambda: timed(alone), 11)
    tell("digest of 1 GiB, ours and blake3 alone", figures, 1.1)
    print(f"digest of 1 GiB: the peak of memory grew by {grown:.1f} MiB", flush=True)
