"""A digest names bits: it changes with any of them and with nothing else."""

import itertools
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from drawn import names, plain, states, tensors
from samebits.sealed.digest import (
    DTYPES,
    Tensor,
    TensorRow,
    array,
    bytes_digest,
    canonical_json,
    file_digest,
    files_digest,
    rows,
    state_digest,
    tensor,
)

NUMPY_TYPES = sorted(set(DTYPES.values()) - {"bfloat16", "float8_e4m3fn", "float8_e5m2"})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(state=states, data=st.data())
def test_the_order_of_tensors_does_not_matter(state: dict[str, Tensor], data: st.DataObject):
    shuffled = dict(data.draw(st.permutations(list(state.items()))))
    assert rows(shuffled) == rows(state)
    assert state_digest(data.draw(st.permutations(rows(state)))) == state_digest(rows(state))


@given(state=states)
def test_rows_are_sorted_by_the_code_points_of_their_names(state: dict[str, Tensor]):
    """Not by UTF-16 units, as RFC 8785 sorts: U+FFFF comes before U+10000."""
    found = [row.name for row in rows(state)]
    assert found == sorted(state, key=lambda name: [ord(c) for c in name])


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 1])
def test_threads_do_not_matter(size: int):
    raw = np.arange(size, dtype=np.uint32).astype(np.uint8)
    found = {tuple(rows({"t": Tensor("U8", (size,), raw)}, threads)) for threads in (1, 2, 3, 8)}
    assert found == {(TensorRow("t", "U8", (size,), blake3(raw.tobytes()).hexdigest()),)}


@given(t=tensors(min_elements=1), data=st.data())
def test_any_bit_matters(t: Tensor, data: st.DataObject):
    raw = t.raw.copy()
    bit = data.draw(st.integers(0, 8 * raw.size - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert state_digest(rows({"t": t})) != state_digest(rows({"t": t._replace(raw=raw)}))


@given(t=tensors(), name=names, other=names)
def test_the_name_matters(t: Tensor, name: str, other: str):
    assume(name != other)
    assert state_digest(rows({name: t})) != state_digest(rows({other: t}))


@given(t=tensors(), dtype=st.sampled_from(list(DTYPES)), shape=st.lists(st.integers(0, 9), max_size=3))
def test_the_type_and_the_shape_matter(t: Tensor, dtype: str, shape: list[int]):
    other = Tensor(dtype, tuple(shape), t.raw)
    assume(other[:2] != t[:2])
    assert state_digest(rows({"t": t})) != state_digest(rows({"t": other}))


@given(one=states, other=states)
def test_different_states_have_different_digests(one: dict[str, Tensor], other: dict[str, Tensor]):
    assert (state_digest(rows(one)) == state_digest(rows(other))) == (plain(one) == plain(other))


def test_minus_zero_and_the_payload_of_nan_matter():
    zeros = [np.array([value], np.float32) for value in (0.0, -0.0)]
    nans = [np.array([bits], np.uint32).view(np.float32) for bits in (0x7FC00000, 0xFFC00000, 0x7FC00001)]
    digests = [state_digest(rows({"t": tensor(value)})) for value in (*zeros, *nans)]
    assert len(set(digests)) == 5


@given(data=st.data(), dtype=st.sampled_from(NUMPY_TYPES))
def test_an_array_of_any_layout_is_named_by_its_elements_in_c_order(data: st.DataObject, dtype: str):
    plain = data.draw(npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    wanted = tensor(plain)
    assert wanted.raw.tobytes() == plain.tobytes()
    fortran = np.asfortranarray(plain).reshape(plain.shape)
    swapped = plain.astype(plain.dtype.newbyteorder(">"))
    strided = np.repeat(plain.reshape(-1), 2)[::2].reshape(plain.shape)
    for other in (fortran, swapped, strided):
        assert plain_tensor(tensor(other)) == plain_tensor(wanted)


def plain_tensor(t: Tensor) -> tuple[str, tuple[int, ...], bytes]:
    return t.dtype, t.shape, t.raw.tobytes()


@given(data=st.data(), dtype=st.sampled_from(NUMPY_TYPES))
def test_array_undoes_tensor(data: st.DataObject, dtype: str):
    shapes = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    original = data.draw(npst.arrays(dtype, shapes))
    back = array(tensor(original))
    assert (back.dtype, back.shape, back.tobytes()) == (original.dtype, original.shape, original.tobytes())


@pytest.mark.parametrize("dtype", ["complex128", "object", "U3", "datetime64[s]", "longdouble"])
def test_types_that_safetensors_lacks_are_refused_by_name(dtype: str):
    with pytest.raises(TypeError, match=re.escape(str(np.dtype(dtype)))):
        tensor(np.zeros(2, dtype))


def test_a_contiguous_array_is_not_copied():
    original = np.zeros((3, 4))
    assert np.shares_memory(tensor(original).raw, original)


@pytest.mark.parametrize("act", ["rows({'t': t})", "rows({'t': t}, 2)", "array(t)", "tensor(array(t))"])
def test_a_large_tensor_is_digested_where_it_lies(act: str):
    """Peak memory is the kernel's own count of the process, so a copy made in Rust would show as well."""
    program = f"""
import re
import numpy as np
from pathlib import Path
from samebits.sealed.digest import array, rows, tensor

def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

t = tensor(np.ones(256 << 17))  # 256 MiB
rows({{"warm": tensor(np.ones(1 << 17))}}, 2)
before = peak()
{act}
print(peak() - before)
"""
    grown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(grown.stdout) < 4 << 10  # KiB


@given(value=json_values)
def test_canonical_json_says_the_same_value_in_one_way(value):
    encoded = canonical_json(value)
    assert encoded.isascii()
    assert canonical_json(json.loads(encoded)) == encoded
    assert json.loads(encoded) == value


@given(mapping=st.dictionaries(st.text(), st.integers(), min_size=2, max_size=4))
def test_canonical_json_does_not_depend_on_the_order_of_keys(mapping: dict[str, int]):
    encodings = {canonical_json(dict(items)) for items in itertools.permutations(mapping.items())}
    assert len(encodings) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_canonical_json_has_no_nan_and_no_infinity(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)


def test_numbers_that_are_equal_but_not_the_same_are_told_apart():
    assert len({canonical_json(value) for value in (1, 1.0, True, 0, 0.0, -0.0, False)}) == 7


@given(content=st.binary(max_size=100))
def test_a_file_is_named_by_its_bytes(tmp_path_factory, content: bytes):
    path = tmp_path_factory.getbasetemp() / "file"
    path.write_bytes(content)
    assert file_digest(path) == bytes_digest(content)


def test_the_order_of_files_does_not_matter():
    files = {name: bytes_digest(name.encode()) for name in "abc"}
    assert len({files_digest(dict(items)) for items in itertools.permutations(files.items())}) == 1
    assert files_digest(files) != files_digest({**files, "a": files["b"], "b": files["a"]})
