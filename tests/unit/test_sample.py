"""Samples: which segments are replayed can be computed by anyone afterwards, and by no one before."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy
from samebits.proof.compare import compare_replays
from samebits.proof.sample import Sample
from samebits.proof.verdict import sentence
from samebits.sealed import engine
from samebits.sealed.errors import Refused
from toy import GOLDEN, SPEC


@given(share=st.floats(0.001, 1))
def test_a_sample_is_a_share_of_the_segments_rounded_up(share):
    drawn = Sample.draw(GOLDEN, share)
    assert drawn.segments == sorted(set(drawn.segments))
    assert set(drawn.segments) <= set(range(1, SPEC.segments + 1))
    assert len(drawn.segments) - 1 < share * SPEC.segments <= len(drawn.segments) + 1e-8
    assert drawn.unseen == 1 - len(drawn.segments) / SPEC.segments


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_share_that_proves_nothing_is_refused(share):
    with pytest.raises(Refused, match="proves nothing"):
        Sample.draw(GOLDEN, share)


def test_the_smallest_share_is_one_segment():
    assert len(Sample.draw(GOLDEN, 1e-300).segments) == 1


def test_every_segment_is_drawn_as_often_as_any_other():
    drawn = Counter(Sample.draw(GOLDEN, 0.3, nonce=f"{number:032x}").segments[0] for number in range(3000))
    # three in a thousand samples of this size would lie further off than four standard deviations
    assert all(abs(drawn[segment] - 1000) < 4 * (3000 * 1 / 3 * 2 / 3) ** 0.5 for segment in (1, 2, 3))


def test_each_draw_has_a_nonce_of_its_own():
    assert len({Sample.draw(GOLDEN, 1).nonce for _ in range(100)}) == 100


def test_a_sample_comes_back_from_its_file_and_takes_the_place_of_earlier_replays(tmp_path):
    (tmp_path / "segment-2").mkdir()
    drawn = Sample.draw(GOLDEN, 0.5)
    drawn.write(tmp_path / "sample.json")
    assert Sample.read(tmp_path / "sample.json") == drawn
    assert not (tmp_path / "segment-2").exists()


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[]", '{"format": "samebits-sample/2"}', '{"format": 1, "of": 2}'),
        *(
            f'{{"format": "samebits-sample/1", "head": "", "nonce": "", "of": 3, "segments": {segments}}}'
            for segments in ("[]", "[0]", "[4]", "[2, 1]", "[1, 1]", "3", "null")
        ),
    ],
)
def test_what_is_no_sample_is_refused(tmp_path, content):
    (tmp_path / "sample.json").write_text(content)
    with pytest.raises(Refused, match=r"sample\.json"):
        Sample.read(tmp_path / "sample.json")


def replay(folder, run, share):
    """Draw a sample of a run and replay it beside it; return the sample's file."""
    path = folder / "sample.json"
    path.parent.mkdir()
    Sample.draw(run, share).write(path)
    drawn = Sample.read(path).segments
    for number in drawn:
        (target := folder / f"segment-{number}").mkdir()
        segment = engine.Segment(number, start=number == drawn[0], conclude=number == drawn[-1])
        engine.replay(toy.Toy(), SPEC, toy.FINGERPRINT, run, segment, target, report=lambda line: None)
    return path


def test_a_run_and_the_replays_of_all_its_segments_are_identical(tmp_path):
    found = compare_replays(GOLDEN, replay(tmp_path / "replay", GOLDEN, 1))
    assert (found.verdict, found.mode, found.unseen) == ("identical", "replay", 0)
    assert [replay.segment for replay in found.replays] == [1, 2, 3]
    assert "a run of 6 steps and the replays of its 3 segments are identical" in sentence(found)


def test_a_sample_says_with_what_probability_a_bad_segment_was_not_seen(tmp_path):
    found = compare_replays(GOLDEN, replay(tmp_path / "replay", GOLDEN, 0.5))
    assert found.unseen == pytest.approx(1 / 3)
    assert "the replays of 2 of its 3 segments (a single bad one among the others" in sentence(found)
    assert "would be unseen with probability 0.333" in sentence(found)


def test_a_sample_of_another_run_is_refused(tmp_path):
    sample = replay(tmp_path / "replay", GOLDEN, 1)
    other = toy.train(tmp_path / "run-1", spec=toy.reseeded(8))
    with pytest.raises(Refused, match="drawn for another ledger"):
        compare_replays(other, sample)


def test_a_replay_that_is_missing_is_refused(tmp_path):
    sample = replay(tmp_path / "replay", GOLDEN, 1)
    shutil.rmtree(tmp_path / "replay" / "segment-2")
    with pytest.raises(Refused, match=r"segment-2/ledger\.jsonl is missing"):
        compare_replays(GOLDEN, sample)


def test_a_sample_that_counts_other_segments_than_the_run_has_is_refused(tmp_path: Path):
    """One that counts fewer would call all of them replayed."""
    sample = replay(tmp_path / "replay", GOLDEN, 1)
    fields = json.loads(sample.read_bytes())
    for of, segments in ((1, [1]), (99, [99])):
        sample.write_text(json.dumps({**fields, "of": of, "segments": segments}))
        with pytest.raises(Refused, match=f"counts {of} segments, and .* has 3"):
            compare_replays(GOLDEN, sample)
