"""A run that is interrupted anywhere, resumed or replayed gives the bits of one that was never touched."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toy
from samebits.proof.compare import Difference, difference
from samebits.results.run import Run
from samebits.sealed import engine
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec
from toy import GOLDEN, SPEC, State, Toy

#: the audit events at which a run touches the disk, and those of the toy below
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "toy"}


class Audited(Toy):
    """Tells of everything that it is asked to do, so that a test can kill it there."""

    def __getattribute__(self, name: str):
        if name in ("start", "restore", "advance", "tensors", "export", "predict", "metrics"):
            sys.audit("toy")
        return super().__getattribute__(name)


def train_until_killed(folder: Path, event: int) -> bool:
    """Train in a forked process that kills itself at its ``event``-th event; False if it got to the end."""
    if (child := os.fork()) == 0:
        try:
            count = itertools.count(1)

            def hook(name: str, arguments: tuple) -> None:
                if name in EVENTS and next(count) == event:
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(hook)
            toy.train(folder, Audited())
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return toy.contents(toy.train(tmp_path_factory.mktemp("reference") / "run-1"))


@pytest.fixture
def finished(tmp_path: Path) -> Iterator[Path]:
    """A finished run of its own for a test that changes it."""
    yield Path(shutil.copytree(GOLDEN, tmp_path / "run-1"))


def replay(
    run: Path, number: int, adapter: Toy, folder: Path, ends: bool = True, spec: Spec = SPEC
) -> Difference | None:
    """Replay a segment into ``folder``, with the ends of the run or without; return where it parts."""
    folder.mkdir(exist_ok=True)
    segment = engine.Segment(number, start=ends, conclude=ends)
    engine.replay(adapter, spec, {}, run, segment, folder, report=lambda line: None)
    return difference(
        Run.open(run).check().excerpt(number, ends, ends), Run.open_replay(folder, number).check_replay(ends)
    )


def test_the_engine_writes_the_golden_run(tmp_path: Path, renew_goldens: bool):
    run = toy.train(tmp_path / "run-1")
    if renew_goldens:
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(run, GOLDEN, ignore=shutil.ignore_patterns("timing.jsonl"))
    assert toy.contents(run) == toy.contents(GOLDEN), "the bits changed; if they must, name a new format"


def test_a_finished_run_leaves_nothing_unfinished(reference: dict[str, bytes]):
    assert [name for name in reference if ".part" in name or ".new" in name] == []


def test_a_run_killed_at_any_event_and_resumed_is_the_run_that_was_never_touched(
    tmp_path: Path, reference: dict[str, bytes]
):
    for event in itertools.count(1):
        run = tmp_path / f"killed-{event}"
        if not train_until_killed(run, event):
            break
        toy.train(run)
        assert toy.contents(run) == reference, f"killed at event {event}"
    assert event > 50  # or the kills missed the engine


@settings(max_examples=15, deadline=None)
@given(events=st.lists(st.integers(1, 40), min_size=2, max_size=6))
def test_a_run_may_be_killed_again_and_again(tmp_path_factory, reference, events: list[int]):
    run = tmp_path_factory.mktemp("killed") / "run-1"
    for event in events:
        train_until_killed(run, event)
    toy.train(run)
    assert toy.contents(run) == reference


@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_another_process_goes_on_where_a_killed_one_stopped(tmp_path: Path, reference, step: int):
    run = tmp_path / "run-1"
    command = [sys.executable, toy.__file__, str(run)]
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "1"}
    with subprocess.Popen(
        [*command, str(step)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    subprocess.run(command, env={**environment, "PYTHONHASHSEED": "2"}, check=True)
    assert toy.contents(run) == reference


def test_what_is_resumed_is_not_computed_again(tmp_path: Path):
    run, taken = tmp_path / "run-1", []

    class Counting(Toy):
        def advance(self, state: State, step: int):
            taken.append(step)
            if step == 5 and taken.count(5) == 1:
                raise KeyboardInterrupt
            return super().advance(state, step)

    with pytest.raises(KeyboardInterrupt):
        toy.train(run, Counting())
    toy.train(run, Counting())
    assert taken == [1, 2, 3, 4, 5, 5, 6]


def test_an_unfinished_run_of_another_spec_is_not_continued(tmp_path: Path):
    assert train_until_killed(run := tmp_path / "run-1", 40)
    other = toy.reseeded(8)
    assert toy.contents(toy.train(run, spec=other)) == toy.contents(toy.train(tmp_path / "other", spec=other))


def test_specs_whose_numbers_are_equal_but_not_the_same_are_different_specs(tmp_path: Path):
    """``lr: 1`` and ``lr: 1.0`` may train differently, and their digests differ."""
    run, integer, real = tmp_path / "run-1", *(replace(SPEC, params={"lr": lr}) for lr in (1, 1.0))

    class Halting(Toy):
        def advance(self, state: State, step: int):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy.train(run, Halting(), spec=integer)
    toy.train(run, spec=real)
    assert toy.contents(run) == toy.contents(toy.train(tmp_path / "untouched", spec=real))


@pytest.mark.parametrize("seed", range(3))
def test_segments_replayed_in_any_order_give_what_the_ledger_says(tmp_path: Path, seed: int):
    segments = list(range(1, SPEC.segments + 1))
    random.Random(seed).shuffle(segments)  # noqa: S311
    adapter = Toy()
    for segment in segments:
        for again in (adapter, Toy()):
            for ends in (True, False):
                assert replay(GOLDEN, segment, again, tmp_path / "replay", ends) is None
                assert not list((tmp_path / "replay" / "checkpoints").iterdir())  # equal states are not kept


class Wrong(Toy):
    """Does something else in one place only."""

    def __init__(self, place: str):
        super().__init__()
        self.place = place

    def start(self) -> State:
        state = super().start()
        state.weights[1] += self.place == "start"
        return state

    def advance(self, state: State, step: int):
        advanced = super().advance(state, step)
        if self.place == f"state {step}":
            state.weights[2] = -state.weights[2]
        return advanced._replace(loss=advanced.loss + (self.place == f"loss {step}"))

    def predict(self, state: State):
        return super().predict(state) + (self.place == "predictions")


class Lossless(Toy):
    """A framework that has no loss."""

    def advance(self, state: State, step: int):
        return super().advance(state, step)._replace(loss=None)


@pytest.mark.parametrize(("adapter", "said"), [(Toy, True), (Lossless, False)])
def test_the_progress_tells_a_loss_only_where_there_is_one(tmp_path, adapter, said):
    told = []
    engine.run(adapter(), SPEC, toy.FINGERPRINT, tmp_path, told.append)
    (line,) = told
    assert line.startswith("step 6/6, ")
    assert ("loss" in line) == said
    assert "nan" not in line
    steps = [record["loss"] for record in toy.records(tmp_path) if record["kind"] == "step"]
    assert (steps == ["nan"] * 6) != said


@pytest.mark.parametrize(
    ("place", "segment", "kind", "step"),
    [
        ("start", 1, "checkpoint", 0),
        ("start", 2, "checkpoint", 0),
        ("loss 4", 2, "loss", 4),
        ("state 4", 2, "checkpoint", 4),
        ("state 5", 3, "loss", 6),
        ("predictions", 3, "predictions", None),
        ("predictions", 1, "predictions", None),
    ],
)
def test_a_replay_that_parts_is_named_by_segment_step_and_tensor(tmp_path, place, segment, kind, step):
    for number in range(1, SPEC.segments + 1):
        found = replay(GOLDEN, number, Wrong(place), tmp_path / f"segment-{number}", ends=number == segment)
        if number != segment:
            assert found is None
            continue
        assert found is not None
        assert (found.kind, found.step) == (kind, step)
        assert found.segment == (max(1, -(-step // 2)) if step is not None else None)
        assert found.runs == ("run-1", f"the replay of segment {segment}")
        if kind == "checkpoint":
            assert found.tensor == "state.weights"


def test_a_replay_goes_on_from_the_recorded_start_even_if_its_own_differs(tmp_path: Path):
    replay(GOLDEN, 1, Wrong("start"), tmp_path / "replay")
    ours, theirs = (
        Run.open(GOLDEN).check().excerpt(1, True, True),
        Run.open_replay(tmp_path / "replay", 1).check_replay(True),
    )
    assert ours.losses == theirs.losses


class Impatient(Toy):
    """Ends after the first step at which its first weight has moved far enough."""

    def finished(self, state: State) -> bool:
        return bool(state.weights[0] > LIMIT)


LIMIT = 2.5


@pytest.mark.parametrize("segments", [1, 2, 3, 6])
def test_training_that_ends_early_is_recorded_resumed_and_replayed_as_such(tmp_path: Path, segments: int):
    spec = replace(SPEC, segments=segments)
    run = toy.train(tmp_path / "run-1", Impatient(), spec)
    steps = [record["step"] for record in toy.records(run) if record["kind"] == "step"]
    assert 0 < len(steps) < SPEC.steps
    ends = [record["step"] for record in toy.records(run) if record["kind"] == "checkpoint"]
    assert ends[-1] == len(steps)
    # killed between its last checkpoint and its end
    lines = (run / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    whole = toy.contents(run)
    (run / "ledger.jsonl").unlink()
    (run / "ledger.part.jsonl").write_bytes(b"".join(lines[:-4]))
    assert toy.contents(toy.train(run, Impatient(), spec)) == whole
    for number in range(1, len(ends)):
        assert replay(run, number, Impatient(), tmp_path / "replay", spec=spec) is None


def test_a_run_that_stopped_before_its_end_is_no_proof(tmp_path: Path):
    """A twin of the test above: the trainer stopped, and what it trained was not finished."""
    run = toy.train(tmp_path / "run-1", Impatient())
    with pytest.raises(Refused, match=r"ends with step \d of 6, and it was not finished"):
        replay(run, 1, Toy(), tmp_path / "replay")


@pytest.mark.parametrize(
    "steps", [[0, 1, 4, 6], [0, 2, 4], [0, 2, 3], [0, 2, 5], [0], [2, 4, 6], [0, 2, 4, 6, 6], [0, 3]]
)
def test_a_run_with_other_segments_than_its_spec_is_no_proof(tmp_path: Path, steps: list[int]):
    run = tmp_path / "run-1"
    run.mkdir()
    lines = [{"kind": "checkpoint", "step": step, "state": "none", "tensors": []} for step in steps]
    toy.rewrite(run, [*toy.records(GOLDEN)[:1], *lines, {"kind": "end"}])
    unfinished = steps in ([0, 2, 4], [0, 2, 3])  # where it may have ended early
    with pytest.raises(Refused, match="step-00000000" if unfinished else "its spec asks for"):
        replay(run, 1, Toy(), tmp_path / "replay")


def damage(path: Path, how: str) -> None:
    match how:
        case "flipped":
            content = bytearray(path.read_bytes())
            content[-1] ^= 1
            path.write_bytes(content)
        case "truncated":
            path.write_bytes(path.read_bytes()[:-1])
        case "swapped":
            shutil.copy(path.with_name("step-00000002.safetensors"), path)
        case "missing":
            path.unlink()


DAMAGES = ["flipped", "truncated", "swapped", "missing"]
CHECKPOINT = Path("checkpoints") / "step-00000004.safetensors"


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_checkpoint_is_not_resumed(tmp_path: Path, how: str):
    run = tmp_path / "run-1"

    class Stopping(Toy):
        def advance(self, state: State, step: int):
            if step == 5:
                raise KeyboardInterrupt
            return super().advance(state, step)

    with pytest.raises(KeyboardInterrupt):
        toy.train(run, Stopping())
    damage(run / CHECKPOINT, how)
    with pytest.raises(Refused, match=r"checkpoint .*step-00000004\.safetensors"):
        toy.train(run)
    assert not (run / "ledger.jsonl").exists()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_checkpoint_is_not_replayed(tmp_path: Path, finished: Path, how: str):
    damage(finished / CHECKPOINT, how)
    with pytest.raises(Refused, match=r"checkpoint .*step-00000004\.safetensors"):
        replay(finished, 3, Toy(), tmp_path / "replay")
    assert not (tmp_path / "replay" / "ledger.jsonl").exists()


def test_segments_are_part_of_what_is_trained(tmp_path: Path, reference: dict[str, bytes]):
    """Cold boundaries make a forgotten state depend on where they stand, so specs must tell them apart."""
    one = replace(SPEC, segments=1)
    assert one.digest != SPEC.digest
    whole = toy.contents(toy.train(tmp_path / "run-1", spec=one))
    last = "checkpoints/step-00000006.safetensors"
    assert whole[last] == reference[last]


@given(steps=st.integers(1, 10**9), data=st.data())
def test_boundaries_cut_the_steps_into_segments_of_nearly_equal_length(steps: int, data: st.DataObject):
    segments = data.draw(st.integers(1, min(steps, 1000)))
    boundaries = replace(SPEC, steps=steps, segments=segments).boundaries
    lengths = [last - first for first, last in itertools.pairwise(boundaries)]
    assert (boundaries[0], boundaries[-1], len(lengths)) == (0, steps, segments)
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
