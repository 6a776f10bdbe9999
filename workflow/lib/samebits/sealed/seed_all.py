"""Seeding for code that runs outside of samebits' workflow."""

import random
import sys


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy, PyTorch and TensorFlow, as far as they are imported.

    For code that runs outside of samebits' workflow, which derives a seed for every step itself. Call it
    after the imports and before anything is drawn; it imports nothing itself.

    Args:
        seed: 0 to 2**32 - 1, the range that all of them take.

    Raises:
        ValueError: the seed is not in this range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"the seed {seed} is not between 0 and {2**32 - 1}")
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
    if tensorflow := sys.modules.get("tensorflow"):
        tensorflow.random.set_seed(seed)
