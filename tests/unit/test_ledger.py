"""A finished ledger is the record of its run or is refused; an unfinished one goes on from what holds."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy
from drawn import states
from families import grows, thinned
from samebits.sealed import ledger
from samebits.sealed.digest import Tensor, bytes_digest, canonical_json, rows, state_digest
from samebits.sealed.errors import Refused
from toy import GOLDEN, SPEC

FINISHED = (GOLDEN / ledger.FINISHED).read_bytes()
LINES = FINISHED.splitlines()
#: the golden run as a kill in its last moment would leave it
UNFINISHED = b"".join(line + b"\n" for line in LINES[:-1])
HEAD = bytes_digest(LINES[-1])
#: other values for a byte: a bit, the case of a letter, no ASCII, and what JSON Lines give a meaning to
CHANGES = [lambda b: b ^ 1, lambda b: b ^ 0x20, lambda b: b ^ 0x80, lambda b: ord("\n"), lambda b: ord('"')]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ledger.FINISHED


def head_or_refusal(path: Path, content: bytes) -> str | None:
    """Return the head of a ledger with this content, None if it is refused; anything else is a failure."""
    path.write_bytes(content)
    try:
        ledger.read(path)
    except Refused as refused:
        assert str(path) in str(refused)
        return None
    return ledger.head(path)


def resumable(folder: Path, content: bytes) -> ledger.Progress | None:
    (folder / ledger.UNFINISHED).write_bytes(content)
    return ledger.resumable(folder, SPEC)


# the chain


def test_each_line_holds_the_digest_of_the_line_before():
    previous = [json.loads(line)["prev"] for line in LINES]
    assert previous == [None, *(bytes_digest(line) for line in LINES[:-1])]


def test_every_line_is_canonical_json():
    assert [canonical_json(json.loads(line)) for line in LINES] == LINES


def test_the_records_of_a_run_come_in_one_order():
    kinds = " ".join(record.kind for record in ledger.read(GOLDEN / ledger.FINISHED))
    segment = "step step checkpoint "
    assert kinds == "spec checkpoint " + SPEC.segments * segment + "model predictions metrics end"


def test_the_head_is_the_digest_of_the_last_line():
    assert ledger.head(GOLDEN / ledger.FINISHED) == HEAD


@given(state=states, loss=st.floats())
def test_what_is_written_is_read(tmp_path_factory, state: dict[str, Tensor], loss: float):
    folder = tmp_path_factory.getbasetemp()
    writer = ledger.Writer(folder)
    writer.spec(SPEC)
    writer.step(1, loss, "blake3-state1:")
    digest = writer.checkpoint(1, rows(state))
    writer.finish()
    spec, step, checkpoint, end = ledger.read(folder / ledger.FINISHED)
    assert canonical_json(spec.spec) == SPEC.canonical()
    assert step.loss == loss.hex()
    assert checkpoint.state == digest == state_digest(rows(state))
    assert checkpoint.tensors == rows(state)
    assert end.kind == "end"


# changes to a finished ledger


@grows
def test_no_byte_can_change_unseen(path: Path):
    places = thinned(range(len(FINISHED)), 7)
    for place, change in ((place, change) for place in places for change in CHANGES):
        content = bytearray(FINISHED)
        content[place] = change(content[place])
        if content != FINISHED:
            assert head_or_refusal(path, content) != HEAD, (place, content[place])


@grows
def test_no_byte_of_the_last_line_can_become_any_other_unseen(path: Path):
    """The last line's digest is the head, so no line after it would notice."""
    for place in thinned(range(len(FINISHED) - len(LINES[-1]) - 2, len(FINISHED)), 7):
        for value in set(range(256)) - {FINISHED[place]}:
            content = FINISHED[:place] + bytes([value]) + FINISHED[place + 1 :]
            assert head_or_refusal(path, content) is None, (place, value)


def test_a_ledger_cut_short_at_any_byte_is_refused(path: Path):
    for length in range(len(FINISHED)):
        assert head_or_refusal(path, FINISHED[:length]) is None, length


@pytest.mark.parametrize("number", range(len(LINES)))
def test_no_line_can_be_removed_doubled_or_swapped_unseen(path: Path, number: int):
    removed = LINES[:number] + LINES[number + 1 :]
    doubled = LINES[: number + 1] + LINES[number:]
    swapped = list(LINES)
    swapped[number - 1], swapped[number] = swapped[number], swapped[number - 1]
    for lines in (removed, doubled, swapped):
        assert head_or_refusal(path, b"".join(line + b"\n" for line in lines)) is None


def test_a_broken_chain_is_refused_with_the_number_of_the_line(path: Path):
    path.write_bytes(FINISHED.replace(LINES[2], LINES[2].replace(b'"step":1', b'"step":7')))
    with pytest.raises(Refused, match=r"ledger\.jsonl, line 4: does not follow from the line before"):
        ledger.read(path)


def test_a_ledger_of_another_format_is_refused_by_both_names(path: Path):
    path.write_bytes(FINISHED.replace(b"samebits-ledger/1", b"samebits-ledger/2"))
    with pytest.raises(Refused, match=r"samebits-ledger/2.*samebits-ledger/1|line 2"):
        ledger.read(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b"1\n", b"null\n", b'"prev"\n', b'{"prev":null}\n'])
def test_what_is_no_ledger_is_refused(path: Path, content: bytes):
    assert head_or_refusal(path, content) is None


def test_a_missing_ledger_is_refused_with_the_mend(path: Path):
    with pytest.raises(Refused, match=rf"{path} is missing; run the workflow"):
        ledger.read(path)


# an unfinished ledger


def test_an_unfinished_ledger_cut_at_any_byte_goes_on_from_the_last_checkpoint_that_is_whole(tmp_path: Path):
    checkpoints = [n for n, line in enumerate(LINES, 1) if json.loads(line)["kind"] == "checkpoint"]
    for length in range(len(UNFINISHED) + 1):
        whole = [n for n in checkpoints if n <= UNFINISHED[:length].count(b"\n")]
        progress = resumable(tmp_path, UNFINISHED[:length])
        if not whole:
            assert progress is None, length
        else:
            record = json.loads(LINES[whole[-1] - 1])
            assert progress == (LINES[: whole[-1]], record["step"], record["state"]), length


@grows
def test_an_unfinished_ledger_with_any_byte_changed_never_ends_in_a_traceback(tmp_path: Path):
    """Cut after each line, since what the chain does not hold yet is the last one."""
    for count in (1, 2, len(LINES) - 4):
        content = b"".join(line + b"\n" for line in LINES[:count])
        places = thinned(range(len(content) - len(LINES[count - 1]) - 1, len(content)), 7)
        for place, change in ((place, change) for place in places for change in CHANGES):
            changed = bytearray(content)
            changed[place] = change(changed[place])
            try:
                progress = resumable(tmp_path, changed)
            except Refused:
                continue
            assert progress is None or bytes(changed).startswith(b"\n".join(progress.lines) + b"\n")


def test_a_checkpoint_record_whose_rows_are_not_its_state_is_not_continued(tmp_path: Path):
    """It would be kept in the resumed ledger, and the state alone is compared with the file."""
    last = json.loads(LINES[1])
    last["tensors"][0][3] = "0" * 64
    content = LINES[0] + b"\n" + canonical_json(last) + b"\n"
    try:
        assert resumable(tmp_path, content) is None
    except Refused as refused:
        assert "line 2" in str(refused)


def test_a_disk_that_lost_the_end_leaves_zeros_that_are_not_continued(tmp_path: Path):
    content = b"".join(line + b"\n" for line in LINES[:2])
    assert resumable(tmp_path, content + b"\0" * 4096) == (LINES[:2], 0, json.loads(LINES[1])["state"])


def test_without_an_unfinished_ledger_there_is_nothing_to_continue(tmp_path: Path):
    assert ledger.resumable(tmp_path, SPEC) is None


def test_an_unfinished_ledger_of_another_spec_is_not_continued(tmp_path: Path):
    (tmp_path / ledger.UNFINISHED).write_bytes(UNFINISHED)
    assert ledger.resumable(tmp_path, toy.reseeded(8)) is None


@pytest.mark.parametrize("kept", range(1, len(LINES)))
def test_a_writer_goes_on_from_the_lines_that_are_kept(tmp_path: Path, kept: int):
    shutil.copy(GOLDEN / ledger.FINISHED, tmp_path / ledger.UNFINISHED)
    writer = ledger.Writer(tmp_path, LINES[:kept])
    for line in LINES[kept:-1]:
        record = json.loads(line)
        del record["prev"]
        writer.append(**record)
    writer.finish()
    assert (tmp_path / ledger.FINISHED).read_bytes() == FINISHED
    assert not (tmp_path / ledger.UNFINISHED).exists()
