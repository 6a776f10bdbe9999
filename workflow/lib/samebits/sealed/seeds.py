"""Where randomness comes from: every stream is derived from the seed and the place where it is used.

Nothing is stored. A stream is a function of (seed, purpose, indices), so any step can be replayed alone and
no worker, resume or replay can shift another's numbers.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def derive(seed: int, purpose: str, *indices: int) -> int:
    """Derive 64 bits for one use of randomness.

    The value is the first 8 bytes, little-endian, of SHA-256 of ``seed/purpose/index/…`` in ASCII decimals
    (test vectors: docs/formats/seeds.md).

    Args:
        seed: the spec's seed.
        purpose: what the numbers are for, such as ``order`` or ``step``.
        indices: where: epoch, step, sample or segment.

    Raises:
        ValueError: the purpose holds a slash.
    """
    if "/" in purpose:
        raise ValueError(f"the purpose {purpose!r} could pass for another one with an index")
    place = "/".join([str(seed), purpose, *map(str, indices)])
    return int.from_bytes(hashlib.sha256(place.encode("ascii")).digest()[:8], "little")


def generator(seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """Return a NumPy generator (Philox) of the stream at this place."""
    return np.random.Generator(np.random.Philox(key=derive(seed, purpose, *indices)))


def permutation(seed: int, length: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of an epoch's samples: int64 of shape (length,).

    Sample i gets the i-th word of the epoch's stream, and the samples are sorted by their words. Unlike
    NumPy's own shuffling this is specified down to the bit, and no release of NumPy can change it.
    """
    words = np.random.Philox(key=derive(seed, "order", epoch)).random_raw(length)
    return np.argsort(words, kind="stable")
