"""PyTorch on NVIDIA GPUs: what the tests of the CPU prove, with the device changed."""

import json

import pytest

import models
from samebits.sealed import gpus
from samebits.sealed.execution import Execution
from training import losses, segments

MODELS = {"convolutions": models.CONVOLUTIONS, "attention": models.ATTENTION, "recurrent": models.RECURRENT}


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
@pytest.mark.parametrize("recipe", MODELS.values(), ids=MODELS)
def test_reruns_are_identical_and_a_segment_can_be_replayed(gpu, recipe, precision):
    bench, options = gpu.bench, {"precision": precision}
    spec = gpu.spec(recipe, options=options)
    first = bench.ledger(spec, "one")
    assert bench.ledger(spec, "two") == first
    replayed = bench.replay(spec, "one", 2, "replay")
    assert segments(b"\n".join(json.dumps(r).encode() for r in replayed))[0] == segments(first)[1]
    other = gpu.spec(recipe, options=options, seed=6)
    assert losses(bench.ledger(other, "other")) != losses(first)  # the twin


def test_sums_in_any_order_differ_unless_the_tier_pins_them(gpu):
    loose = gpu.spec(models.ADDITIONS, tier="seeded")
    ledgers = {gpu.bench.ledger(loose, f"loose-{number}") for number in range(5)}
    assert len(ledgers) > 1  # the twin: this GPU is non-deterministic, and the ledger shows it
    pinned = gpu.spec(models.ADDITIONS)
    assert len({gpu.bench.ledger(pinned, f"pinned-{number}") for number in range(5)}) == 1


def test_an_operator_without_a_deterministic_kernel_is_named_with_its_line(gpu):
    refusal = gpu.bench.refusal(gpu.spec(models.REFUSED))
    line = next(
        number for number, text in enumerate(models.REFUSED.splitlines(), 1) if "adaptive_max_pool2d" in text
    )
    assert "adaptive_max_pool2d" in refusal
    assert "has no deterministic implementation on cuda" in refusal
    assert f"line {line}" in refusal
    gpu.bench.ledger(gpu.spec(models.REFUSED, tier="seeded"))  # the twin


def test_the_fingerprint_names_gpu_driver_cuda_and_cudnn(gpu):
    gpu.bench.ledger(gpu.spec(models.CONVOLUTIONS))
    found = json.loads((gpu.bench.folder / "run" / "fingerprint.json").read_text())
    listed = gpus.installed()
    assert {"uuid": listed[0].uuid, "model": listed[0].model, "driver": listed[0].driver} in found["gpus"]
    assert listed[0].uuid.startswith("GPU-")
    assert found["framework"]["cuda"][0].isdigit()
    assert int(found["framework"]["cudnn"]) > 90000


@pytest.mark.gpus(2)
def test_two_ranks_over_nccl_are_identical_twice(gpu):
    spec = gpu.spec(models.CONVOLUTIONS, processes=2)
    first = gpu.bench.ledger(spec, "one")
    assert gpu.bench.ledger(spec, "two") == first
    assert losses(gpu.bench.ledger(gpu.spec(models.CONVOLUTIONS), "alone")) != losses(first)  # the twin


def test_two_ranks_played_on_one_gpu_are_identical_twice(gpu):
    spec, virtual = gpu.spec(models.CONVOLUTIONS, processes=2), Execution(virtual=True)
    first = gpu.bench.ledger(spec, "one", virtual)
    assert gpu.bench.ledger(spec, "two", virtual) == first
