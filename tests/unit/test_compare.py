"""Verdicts: what is the same is called identical, and what differs is named to the element."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import toy
from samebits.proof import verdict
from samebits.proof.compare import compare
from samebits.sealed import checkpoint, engine
from samebits.sealed.digest import file_digest, rows, state_digest, tensor
from samebits.sealed.errors import Refused
from toy import SPEC, Toy


@pytest.fixture
def runs(tmp_path):
    return [toy.train(tmp_path / f"run-{i}") for i in (1, 2)]


def difference(*runs):
    found = compare(runs)
    assert found.verdict == "different"
    (single,) = found.differences
    assert verdict.sentence(found) == f"toy: different: {single.message}"
    return single


def change(run, place, **fields):
    """Forge a ledger: change the record at this place, chain and all."""
    records = toy.records(run)
    records[place] |= fields
    toy.rewrite(run, records)


def at(run, kind, step=None):
    """Return the place of a record."""
    return next(
        place
        for place, record in enumerate(toy.records(run))
        if record["kind"] == kind and step in (None, record.get("step"))
    )


def test_equal_runs_are_identical(runs):
    found = compare(runs)
    assert found.verdict == "identical"
    assert found.differences == ()
    assert len({run.ledger for run in found.runs}) == 1
    assert verdict.sentence(found).startswith("toy: 2 runs of 6 steps are identical, blake3-state1:")


def test_the_same_runs_give_the_same_bytes(runs, tmp_path):
    for name in ("a.json", "b.json"):
        verdict.write(compare(runs), tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert verdict.read(tmp_path / "a.json") == compare(runs)


@pytest.mark.parametrize("content", ["", "[]", "5", "{}", '{"format": "samebits-verdict/1"}'])
def test_what_is_no_verdict_is_refused(tmp_path, content):
    (tmp_path / "verdict.json").write_text(content)
    with pytest.raises(Refused, match=r"verdict\.json"):
        verdict.read(tmp_path / "verdict.json")


def test_another_seed_is_named(runs, tmp_path):
    other = toy.train(tmp_path / "run-3", spec=toy.reseeded(8))
    found = difference(runs[0], other)
    assert (found.kind, found.tensor, found.values) == ("spec", "seed", ("7", "8"))
    assert "did not train the same spec: seed: 7 in run-1, 8 in run-3" in found.message


def test_another_parameter_is_named_by_its_path(runs, tmp_path):
    spec = replace(SPEC, params={"name": "Zoë", "rate": 0.25})
    assert (
        "params.rate: 0.5 in run-1, 0.25 in run-3"
        in difference(runs[0], toy.train(tmp_path / "run-3", spec=spec)).message
    )


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0.0, -0.0), ([1], [1.0]), ({"a": None}, {}), (0, False)]
)
def test_parameters_that_python_takes_for_equal_are_other_parameters(tmp_path, one, other):
    """Whatever is written otherwise gives another ledger, so `cmp` and the verdict say the same."""
    a, b = (
        toy.train(tmp_path / name, spec=replace(SPEC, params={"alpha": value}))
        for name, value in (("run-1", one), ("run-2", other))
    )
    found = difference(a, b)
    assert (found.kind, found.tensor.split(".")[:2]) == ("spec", ["params", "alpha"])


def test_another_library_is_named_where_the_environment_differs(runs, tmp_path):
    spec = replace(SPEC, environment_digest="sha256:" + "9" * 64)
    other = toy.train(tmp_path / "run-3", spec=spec)
    taken = json.loads((other / "fingerprint.json").read_text())
    for run, version in ((runs[0], "2.4.6"), (other, "2.3.5")):
        (run / "fingerprint.json").write_text(json.dumps({**taken, "libraries": {"numpy": version}}))
    assert "library.numpy: 2.4.6 in run-1, 2.3.5 in run-3" in difference(runs[0], other).message


class Flipped(Toy):
    """One bit of a weight is flipped after a step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def advance(self, state, step):
        advanced = super().advance(state, step)
        if step == self.step:
            state.weights.view(np.uint64)[1] ^= np.uint64(1)
        return advanced


@pytest.mark.parametrize(
    ("flipped", "kind", "step"),
    [(2, "checkpoint", 2), (3, "loss", 4), (4, "checkpoint", 4), (6, "checkpoint", 6)],
)
def test_one_bit_of_a_weight_is_named_with_its_element(runs, tmp_path, flipped, kind, step):
    """The bit is flipped after a step: at a segment's end it shows at once, else in the loss that follows."""
    found = difference(runs[0], toy.train(tmp_path / "run-3", Flipped(flipped)))
    assert (found.kind, found.step) == (kind, step)
    assert found.tensor in ("state.velocity", "state.weights")
    assert f"{found.tensor}[1] is " in found.message
    assert found.message.count("0x") >= 2
    assert f"states last equal at step {2 * ((flipped - 1) // 2)}" in found.message or kind == "checkpoint"


def test_other_data_is_told_from_another_loss(runs):
    change(runs[1], at(runs[1], "step", 3), inputs="blake3-state1:" + "0" * 64)
    found = difference(*runs)
    assert (found.kind, found.step) == ("data", 3)
    assert "step 3: the data that step read" in found.message


def test_a_loss_is_told_in_hex(runs):
    change(runs[1], at(runs[1], "step", 5), loss="0x1.0000000000000p+0")
    found = difference(*runs)
    assert (found.kind, found.step) == ("loss", 5)
    assert found.values[1] == "0x1.0000000000000p+0"


def test_other_metrics_are_named(runs):
    change(runs[1], at(runs[1], "metrics"), values=[["sum", "0x1.0p+0"]])
    assert difference(*runs).kind == "metrics"


def test_another_model_is_named(runs):
    path = runs[1] / "model" / "words" / "in two.txt"
    path.write_text("changed")
    files = toy.records(runs[1])[at(runs[1], "model")]["files"] | {"words/in two.txt": file_digest(path)}
    change(runs[1], at(runs[1], "model"), files=files)
    assert difference(*runs).kind == "model"


def test_other_predictions_are_named(runs):
    predictions = {"predictions": tensor(np.zeros((4, 3)))}
    checkpoint.save(runs[1] / "predictions.safetensors", predictions)
    change(runs[1], at(runs[1], "predictions"), tensors=rows(predictions))
    assert difference(*runs).kind == "predictions"


def test_a_missing_record_is_named(runs):
    records = toy.records(runs[1])
    del records[at(runs[1], "step", 2)]
    toy.rewrite(runs[1], records)
    assert difference(*runs).kind == "length"


@pytest.mark.parametrize("bits", [0x7FF8000000000001, 0x8000000000000000])
def test_values_are_compared_as_bits(runs, bits):
    """A NaN equals itself, another NaN is another, and -0.0 is not 0.0."""
    for run, pattern in ((runs[0], 0x7FF8000000000000 if bits & 1 else 0), (runs[1], bits)):
        state = {"x": tensor(np.array([pattern], np.uint64).view(np.float64))}
        checkpoint.save(run / "checkpoints" / checkpoint.file_name(2), state)
        digests = rows(state)
        change(run, at(run, "checkpoint", 2), state=state_digest(digests), tensors=digests)
    found = difference(*runs)
    assert (found.kind, found.tensor) == ("checkpoint", "x")


def test_a_plain_value_of_the_state_is_named_by_its_path(runs, tmp_path):
    class Other(Toy):
        def advance(self, state, step):
            if step == 2:
                state.settings["rate"] = 0.25
            return super().advance(state, step)

    found = difference(runs[0], toy.train(tmp_path / "run-3", Other()))
    assert found.step == 2


def test_a_run_that_went_on_on_another_machine_says_so(tmp_path):
    class Killed(Toy):
        def advance(self, state, step):
            if step == 3:
                raise KeyboardInterrupt
            return super().advance(state, step)

    def killed_on(machine, name):
        run = tmp_path / name
        run.mkdir()
        taken = {**toy.FINGERPRINT, "cpu": {"model": machine}}
        with pytest.raises(KeyboardInterrupt):
            engine.run(Killed(), SPEC, taken, run, report=lambda line: None)
        (run / "timing.jsonl").open("a").write('{"cut')
        return taken, toy.train(run)

    other, moved = killed_on("another", "run-2")
    found = compare([toy.train(tmp_path / "run-1"), moved])
    assert found.verdict == "identical"
    assert found.fingerprints == {"run-2": {"earlier": (None, [other])}}
    assert verdict.sentence(found).endswith("(on different machines)")
    _, stayed = killed_on("any", "run-3")  # a twin: the same machine
    assert compare([tmp_path / "run-1", stayed]).fingerprints == {}


def test_runs_on_different_machines_say_so(runs):
    taken = json.loads((runs[1] / "fingerprint.json").read_text())
    (runs[1] / "fingerprint.json").write_text(json.dumps({**taken, "cpu": {"model": "another"}}))
    found = compare(runs)
    assert found.verdict == "identical"
    assert found.fingerprints == {"run-2": {"cpu.model": ("any", "another")}}
    assert verdict.sentence(found).endswith("(on different machines)")


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints/step-00000002.safetensors",
        "model/model.safetensors",
        "model/words/in two.txt",
        "predictions.safetensors",
    ],
)
def test_a_file_that_is_not_what_was_recorded_is_refused_by_name(runs, name):
    raw = bytearray((runs[1] / name).read_bytes())
    raw[-1] ^= 1
    (runs[1] / name).write_bytes(raw)
    with pytest.raises(Refused, match=Path(name).name):
        compare(runs)
    (runs[1] / name).unlink()
    with pytest.raises(Refused, match=Path(name).name):
        compare(runs)


def test_an_unfinished_run_is_refused(runs):
    shutil.move(runs[1] / "ledger.jsonl", runs[1] / "ledger.part.jsonl")
    with pytest.raises(Refused, match=r"ledger\.jsonl is missing; run the workflow"):
        compare(runs)


@pytest.mark.parametrize("spec", [{}, {"tier": "deterministic"}, {"model": 5}])
def test_a_ledger_of_no_spec_is_refused(runs, tmp_path, spec):
    records = toy.records(runs[0])
    toy.rewrite(runs[0], [{**records[0], "spec": spec}, *records[1:]])
    with pytest.raises(Refused, match=r"ledger\.jsonl: "):
        compare(runs)


@pytest.mark.parametrize("content", ["[]", "[" * 100_000, '{"cpu": NaN}'])
def test_a_fingerprint_that_is_none_is_refused(runs, content):
    (runs[0] / "fingerprint.json").write_text(content)
    with pytest.raises(Refused, match=r"fingerprint\.json is missing or broken"):
        compare(runs)
