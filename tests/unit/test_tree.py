"""A nested state comes back exactly as it was taken apart: types, bits, order and all."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebits.sealed.digest import Tensor, array, rows, state_digest, tensor
from samebits.sealed.nested import flatten, unflatten

nan_bits = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
arrays = st.sampled_from([np.array(1.5), np.zeros((0, 2), np.float32), np.arange(3), np.array([True])])
keys = st.text(st.characters(exclude_characters="."), max_size=4) | st.none() | st.booleans()
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(keys, inner, max_size=3)
        ),
        max_leaves=10,
    )


trees = nested(plain | arrays)


def leaf(value: Any) -> Tensor | None:
    return tensor(value) if isinstance(value, np.ndarray) else None


def round_trip(tree: Any) -> Any:
    return unflatten(flatten(tree, "state", leaf), "state", array)


def exact(tree: Any) -> Any:
    """Return a tree in a form that ``==`` compares by type, bits and order."""
    match tree:
        case np.ndarray():
            return "array", tree.dtype.name, tree.shape, tree.tobytes()
        case float():
            # Python has one NaN of its own: float.hex says "nan" for any payload
            return "float", tree.hex()
        case dict():
            return "dict", [(exact(key), exact(value)) for key, value in tree.items()]
        case list() | tuple():
            return type(tree).__name__, [exact(value) for value in tree]
    return type(tree).__name__, tree


@given(tree=trees)
def test_a_tree_comes_back_exactly(tree: Any):
    assert exact(round_trip(tree)) == exact(tree)


@given(number=nan_bits)
def test_any_float_comes_back_to_the_bit_but_for_the_payload_of_a_nan(number: float):
    back = round_trip({"x": number})["x"]
    assert back.hex() == number.hex()
    if number == number:
        assert struct.pack("<d", back) == struct.pack("<d", number)


@given(mapping=st.dictionaries(st.integers(), plain, max_size=4))
def test_integer_keys_stay_integers(mapping: dict[int, Any]):
    assert exact(round_trip(mapping)) == exact(mapping)


def test_what_optimizers_hold_comes_back_exactly():
    state = {
        "state": {0: {"step": np.array(3.0, np.float32), "exp_avg": np.ones((2, 3))}, 1: {}},
        "param_groups": [
            {"lr": 0.1, "betas": (0.9, 0.999), "amsgrad": False, "foreach": None, "params": [0, 1]}
        ],
        "last": -0.0,
        "best": float("inf"),
        "bad": float("nan"),
    }
    assert exact(round_trip(state)) == exact(state)


def test_a_dict_that_looks_like_the_encoding_is_not_mistaken_for_it():
    tree = {"tensor": "state", "float": "0x1p+0", "list": [], "dict": {"tuple": ()}}
    assert exact(round_trip(tree)) == exact(tree)


@given(one=nested(plain), other=nested(plain))
def test_different_plain_trees_have_different_digests(one: Any, other: Any):
    digests = {state_digest(rows(flatten(tree, "s", leaf))) for tree in (one, other)}
    assert (len(digests) == 1) == (exact(one) == exact(other))


@pytest.mark.parametrize("value", [{1, 2}, b"x", 1j, object(), np.int64(3), np.float32(1.0)])
def test_what_a_checkpoint_cannot_hold_is_refused_by_place(value: Any):
    with pytest.raises(TypeError, match=rf"state\.a\.1 is a {type(value).__name__}"):
        flatten({"a": [0, value]}, "state", leaf)


@pytest.mark.parametrize("key", [(1, 2), float("nan"), b"x"])
def test_a_key_that_json_cannot_hold_is_refused_when_it_is_saved(key: Any):
    with pytest.raises(TypeError, match=r"state\.a"):
        flatten({"a": {key: 1}}, "state", leaf)


@pytest.mark.parametrize(
    "tree",
    [
        {"a.b": np.zeros(1), "a": {"b": np.ones(1)}},
        {1: np.zeros(1), "1": np.ones(1)},
        {"a": [np.zeros(1)], "a.0": np.ones(1)},
    ],
)
def test_two_tensors_of_one_dotted_name_do_not_become_one(tree: dict[Any, Any]):
    """Either they come back as they were, or they are refused; a lost tensor would be silent."""
    try:
        back = round_trip(tree)
    except TypeError as error:
        assert "state." in str(error)
    else:
        assert exact(back) == exact(tree)
