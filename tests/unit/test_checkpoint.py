"""A checkpoint is the state that its digest names, or it is refused; it is there in full or not at all."""

import hashlib
import itertools
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import WIDTHS, plain, states
from samebits.sealed import checkpoint
from samebits.sealed.digest import DTYPES, Tensor, rows, state_digest, tensor
from samebits.sealed.errors import Refused
from toy import GOLDEN

STATE = {
    "z": tensor(np.arange(12, dtype=np.float32).reshape(3, 4)),
    "a\u00e9\U0001f600": tensor(np.array(-0.0)),
    "empty": tensor(np.zeros((0, 2), np.int16)),
    "b": tensor(np.array([True, False])),
}
DIGEST = state_digest(rows(STATE))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / checkpoint.file_name(5)
    checkpoint.save(path, STATE)
    return path


@given(state=states)
def test_a_state_of_any_types_comes_back_to_the_bit(tmp_path_factory, state: dict[str, Tensor]):
    path = tmp_path_factory.getbasetemp() / "state.safetensors"
    checkpoint.save(path, state)
    assert plain(checkpoint.load(path, state_digest(rows(state)))) == plain(state)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_has_its_place(tmp_path: Path, dtype: str):
    raw = np.arange(6 * WIDTHS[dtype], dtype=np.uint8)
    state = {"t": Tensor(dtype, (2, 3), raw), "u8": Tensor("U8", (1,), raw[:1])}
    checkpoint.save(tmp_path / "state.safetensors", state)
    assert plain(checkpoint.read(tmp_path / "state.safetensors")) == plain(state)


def test_a_listing_of_checkpoints_sorts_by_step():
    steps = [0, 9, 10, 99_999_999]
    assert sorted(map(checkpoint.file_name, reversed(steps))) == [*map(checkpoint.file_name, steps)]
    assert checkpoint.file_name(115) == "step-00000115.safetensors"


@given(order=st.permutations(list(STATE)))
def test_the_order_of_tensors_does_not_change_the_file(tmp_path_factory, order: list[str]):
    paths = [tmp_path_factory.getbasetemp() / name for name in ("one.safetensors", "other.safetensors")]
    for path, names in zip(paths, (STATE, order), strict=True):
        checkpoint.save(path, {name: STATE[name] for name in names})
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_two_processes_write_the_same_bytes(tmp_path: Path):
    program = """
import sys
from pathlib import Path
import numpy as np
from samebits.sealed import checkpoint
from samebits.sealed.digest import tensor
names = list({f"tensor {i}" for i in range(50)})  # in an order that hashing decides
checkpoint.save(Path(sys.argv[1]), {name: tensor(np.arange(int(name[7:]))) for name in names})
print(names[0])
"""
    first, digests = set(), set()
    for seed in "123":
        path = tmp_path / f"{seed}.safetensors"
        command = [sys.executable, "-c", program, str(path)]
        run = subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        first.add(run.stdout)
        digests.add(hashlib.sha256(path.read_bytes()).digest())
    assert (len(first), len(digests)) == (3, 1)


def test_a_checkpoint_can_be_read_by_whoever_the_umask_allows(saved: Path):
    """Runs are verified and packaged by other accounts than the one that trained."""
    saved.with_name("plain").touch()
    mode = stat.S_IMODE(saved.with_name("plain").stat().st_mode)
    assert stat.S_IMODE(saved.stat().st_mode) == mode


def test_a_checkpoint_cut_short_at_any_byte_is_refused_by_name(saved: Path):
    content = saved.read_bytes()
    for length in range(len(content)):
        saved.write_bytes(content[:length])
        with pytest.raises(Refused, match=r"checkpoint .*step-00000005\.safetensors"):
            checkpoint.load(saved, DIGEST)


def test_a_checkpoint_with_any_bit_flipped_is_refused_by_name(saved: Path):
    content = saved.read_bytes()
    for place, bit in itertools.product(range(len(content)), range(8)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        saved.write_bytes(flipped)
        with pytest.raises(Refused, match=r"checkpoint .*step-00000005\.safetensors"):
            checkpoint.load(saved, DIGEST)


def test_a_checkpoint_of_another_step_is_refused_with_both_digests(tmp_path: Path):
    one, other = (GOLDEN / "checkpoints" / checkpoint.file_name(step) for step in (2, 4))
    digests = [state_digest(rows(checkpoint.read(path))) for path in (one, other)]
    swapped = shutil.copy(other, tmp_path / one.name)
    with pytest.raises(Refused, match=rf"{one.name} holds the state {digests[1]}, .* {digests[0]}"):
        checkpoint.load(Path(swapped), digests[0])


@pytest.mark.parametrize("content", [None, b"", b"\0" * 8, b"\x08" + b"\0" * 7 + b"[]      ", b"\xff" * 64])
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes | None):
    path = tmp_path / "step-00000005.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=rf"checkpoint {path} cannot be read"):
        checkpoint.load(path, DIGEST)


def test_a_process_killed_while_it_saves_leaves_no_half_file(tmp_path: Path):
    """The kernel kills the process at an exact byte of the file: where its limit on file sizes stands."""
    path = tmp_path / "step-00000005.safetensors"
    size = 1 << 16
    big = {"t": tensor(np.zeros(size, np.uint8))}
    for limit in (0, 1, 8, 100, 4096, size):
        if (child := os.fork()) == 0:
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and would raise instead
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                checkpoint.save(path, big)
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        assert os.WTERMSIG(status) == signal.SIGXFSZ
        assert not path.exists()
    checkpoint.save(path, big)
    assert plain(checkpoint.read(path)) == plain(big)
    assert list(tmp_path.iterdir()) == [path], "what a killed attempt left is gone"


def test_a_save_that_is_killed_leaves_the_file_that_was_there(saved: Path):
    before = saved.read_bytes()
    if (child := os.fork()) == 0:
        try:
            # dies where the new file is written but has not yet its name
            sys.addaudithook(
                lambda event, _: os.kill(os.getpid(), signal.SIGKILL) if event == "os.rename" else None
            )
            checkpoint.save(saved, {"other": tensor(np.zeros(1000))})
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert saved.read_bytes() == before
    assert plain(checkpoint.load(saved, DIGEST)) == plain(STATE)
