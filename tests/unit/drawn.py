"""Hypothesis strategies for tensors, shared by the tests of the core."""

import math

import numpy as np
from hypothesis import strategies as st

from samebits.sealed.digest import DTYPES, Tensor

#: bytes of one element
WIDTHS = {
    name: {"bool": 1, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}.get(full)
    or np.dtype(full).itemsize
    for name, full in DTYPES.items()
}

#: any text that has a UTF-8 form; safetensors keeps one name to itself
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda n: n != "__metadata__")


@st.composite
def tensors(draw: st.DrawFn, min_elements: int = 0) -> Tensor:
    """Draw a tensor of any type, also 0-d and empty ones, with any bits (NaN payloads, -0.0, subnormals)."""
    dtype = draw(st.sampled_from(list(DTYPES)))
    shape = tuple(draw(st.lists(st.integers(min(1, min_elements), 3), max_size=3)))
    size = math.prod(shape) * WIDTHS[dtype]
    return Tensor(dtype, shape, np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8))


#: whole states
states = st.dictionaries(names, tensors(), max_size=4)


def plain(state: dict[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Return a state in a form that ``==`` compares by bits."""
    return {name: (t.dtype, t.shape, t.raw.tobytes()) for name, t in state.items()}
