"""The tier portable: whole ledgers on this processor and on emulated ones, model by model.

Emulation shows that bits depend on the processor. That they do not is proven for the emulated processors and
this one, and for no other.
"""

from pathlib import Path

import pytest

import programs
from samebits.sealed.digest import bytes_digest
from workspace import LONG

MODELS = ("CNN", "MLP", "Attention", "LSTM")

RECIPE = (Path(__file__).parent / "portable_recipe.py").read_text()


@pytest.fixture
def qemu():
    """Return the emulator's command."""
    return programs.need_emulator()


def train(bench, tier, threads, emulator=(), models=MODELS):
    specs = [
        bench.spec(
            RECIPE, model=name, recipe=f"recipe.py:{name}", tier=tier, threads=threads, steps=4, segments=2
        )
        for name in models
    ]
    name = f"{tier}-{threads}-{emulator[-1] if emulator else 'native'}"
    return bench.train_all(specs, name, emulator)


def differing(one, other):
    return {model for model in one if one[model] != other[model]}


#: `make test-long` looks at a processor of another maker, too, and at two threads
CASES = [(1, "Haswell"), *([(2, "EPYC")] if LONG else [])]


@pytest.mark.parametrize(("threads", "cpu"), CASES)
def test_portable_ledgers_are_equal_on_every_processor(qemu, bench, threads, cpu):
    native = train(bench, "portable", threads)
    assert len({bytes_digest(ledger) for ledger in native.values()}) == len(MODELS)
    assert differing(native, train(bench, "portable", threads, (qemu, "-cpu", cpu))) == set()


def test_deterministic_ledgers_are_not(qemu, bench):
    """The twin: without what portable pins, emulated processors show their differences."""
    native = train(bench, "deterministic", 1, models=MODELS[:2])
    assert differing(native, train(bench, "deterministic", 1, (qemu, "-cpu", "Haswell"), MODELS[:2]))
