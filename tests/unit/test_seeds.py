"""A stream of random numbers is a function of its place, the same in any process and on any machine."""

import hashlib
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samebits.sealed.seeds import derive, generator, permutation

THOUSAND = range(1000)
seeds = st.integers(0, 2**63 - 1)
purposes = st.text("abcdefghijklmnopqrstuvwxyz_-", min_size=1, max_size=8)
places = st.tuples(seeds, purposes, st.lists(st.integers(0, 2**40), max_size=3).map(tuple))


class Philox:
    """Philox4x64-10 as docs/formats/seeds.md specifies it, in whole numbers."""

    def __init__(self, key: int):
        self.key, self.counter, self.words = key, 0, []

    def next64(self) -> int:
        if not self.words:
            self.counter += 1
            x = [self.counter >> 64 * i & 2**64 - 1 for i in range(4)]
            k = [self.key & 2**64 - 1, self.key >> 64]
            for _ in range(10):
                p, q = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
                x = [q >> 64 ^ x[1] ^ k[0], q & 2**64 - 1, p >> 64 ^ x[3] ^ k[1], p & 2**64 - 1]
                k = [(k[0] + 0x9E3779B97F4A7C15) & 2**64 - 1, (k[1] + 0xBB67AE8584CAA73B) & 2**64 - 1]
            self.words = x
        return self.words.pop(0)


def specified_permutation(seed: int, length: int, epoch: int) -> list[int]:
    """Order samples as docs/formats/seeds.md specifies it: sorted by their words of the epoch's stream."""
    stream = Philox(derive(seed, "order", epoch))
    words = [stream.next64() for _ in range(length)]
    return sorted(range(length), key=lambda sample: (words[sample], sample))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0, "start"), 4247689608056191056),
        ((0, "step", 1), 2104063365871082042),
        ((0, "order", 0), 7983451878373509741),
        ((7, "segment", 50), 15351471394946984688),
        ((2**63 - 1, "step", 10**9), 7672306223077838583),
    ],
)
def test_derived_seeds_never_change(place: tuple, value: int):
    assert derive(*place) == value


@given(place=places)
def test_a_seed_is_the_first_eight_bytes_of_a_sha256(place):
    seed, purpose, indices = place
    text = "/".join(map(str, (seed, purpose, *indices)))
    assert derive(seed, purpose, *indices).to_bytes(8, "little") == hashlib.sha256(text.encode()).digest()[:8]


@given(one=places, other=places)
def test_different_places_have_different_seeds(one, other):
    seed, other_seed = (derive(place[0], place[1], *place[2]) for place in (one, other))
    assert (seed == other_seed) == (one == other)


def test_the_streams_of_a_training_do_not_meet():
    """Purposes, epochs, steps and neighbouring seeds: 40 000 places, 64 bits."""
    found = {
        derive(seed, purpose, index)
        for seed, purpose, index in itertools.product(range(10), ("order", "step", "segment", "x"), THOUSAND)
    }
    assert len(found) == 40_000


def test_a_seed_does_not_depend_on_the_process():
    program = """
import json
from samebits.sealed.seeds import derive, generator, permutation
drawn = generator(3, "x").random(5).tolist()
print(json.dumps([derive(3, "step", 4), permutation(3, 20, 1).tolist(), drawn]))
"""
    drawn = generator(3, "x").random(5).tolist()
    here = [derive(3, "step", 4), permutation(3, 20, 1).tolist(), drawn]
    for seed in "12":
        command = [sys.executable, "-c", program]
        there = subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        assert json.loads(there) == here


def test_a_seed_does_not_depend_on_what_was_drawn_before():
    before = generator(0, "step", 1).random(4)
    np.random.seed(1)
    generator(0, "step", 2).random(1000)
    assert generator(0, "step", 1).random(4).tolist() == before.tolist()


@settings(max_examples=30)
@given(place=places)
def test_a_generator_is_philox_keyed_by_the_seed(place):
    stream = Philox(derive(place[0], place[1], *place[2]))
    drawn = generator(place[0], place[1], *place[2]).integers(0, 2**64, 9, np.uint64, endpoint=False)
    assert drawn.tolist() == [stream.next64() for _ in range(9)]


@settings(max_examples=30)
@given(seed=seeds, length=st.integers(0, 300), epoch=st.integers(0, 1000))
def test_an_epoch_visits_every_sample_once_in_the_specified_order(seed: int, length: int, epoch: int):
    order = permutation(seed, length, epoch)
    assert (order.dtype, order.shape) == (np.int64, (length,))
    assert sorted(order.tolist()) == list(range(length))
    assert order.tolist() == specified_permutation(seed, length, epoch)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {tuple(permutation(seed, 50, epoch)) for seed in range(20) for epoch in range(20)}
    assert len(orders) == 400


def test_a_purpose_cannot_pass_for_another_with_an_index():
    """The places ``a/1`` without index and ``a`` with index 1 would be one stream."""
    with pytest.raises(ValueError, match="a/1"):
        derive(0, "a/1")
