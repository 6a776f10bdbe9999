"""GPUs are leased to one process at a time: 50 contend for 1 to 8, some killed while they hold some."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samebits.sealed import gpus
from samebits.sealed.errors import Refused

PROCESSES = 50


def driver(folder: Path, count: int) -> Path:
    """Write an nvidia-smi that lists as many GPUs, and return its folder."""
    folder.mkdir()
    lines = "\\n".join(f"GPU-{number:04d}-abcd, NVIDIA H100, 570.1" for number in range(count))
    command = folder / "nvidia-smi"
    command.write_text(f"#!/bin/sh\nprintf '{lines}\\n'\n")
    command.chmod(0o755)
    return folder


@pytest.fixture
def eight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{driver(tmp_path / 'eight', 8)}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def names(found: list[gpus.Gpu]) -> list[int]:
    return [int(gpu.uuid.split("-")[1]) for gpu in found]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("", []),
        ("2,0", [2, 0]),
        ("GPU-0003,GPU-0001-abcd", [3, 1]),
        ("1,9,2", [1]),  # as CUDA does: what follows a wrong name is not seen
        ("-1", []),
        ("1,1", [1]),
    ],
)
def test_what_a_cluster_gives_to_a_job_is_all_that_is_used(
    eight: None, monkeypatch: pytest.MonkeyPatch, given: str, left: list[int]
) -> None:
    assert names(gpus.usable()) == list(range(8))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert names(gpus.usable()) == left


def test_the_fingerprint_tells_model_uuid_and_driver(eight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    assert gpus.visible() == [{"uuid": "GPU-0005-abcd", "model": "NVIDIA H100", "driver": "570.1"}]


def test_more_than_there_are_is_refused(eight: None, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"model m: it trains on 9 GPU\(s\), and 8 can be used here"):
        gpus.lease("m", 9, tmp_path / "locks")


def test_without_a_driver_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.installed() == []


HOLDER = """
import os, random, signal, sys, time
from pathlib import Path
from samebits.sealed import gpus

folder, number, exclusive = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "lease"
draw = random.Random(number)
path = os.environ["PATH"]
for count in range(1, 9):
    os.environ["PATH"] = f"{folder}/{count}:{path}"
    want, doomed, seconds = draw.randint(1, count), draw.random() < 0.2, draw.random() / 100
    child = os.fork()
    if child == 0:
        if exclusive:
            held = gpus.lease("m", want, folder / "locks" / str(count))
        else:
            held = [gpu.uuid for gpu in gpus.usable()[:want]]  # what everybody does without leases
        for uuid in held:
            try:
                os.close(os.open(folder / "busy" / f"{count}-{uuid}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                print(f"{count}: {uuid} is used by two", flush=True)
        time.sleep(seconds)
        for uuid in held:
            (folder / "busy" / f"{count}-{uuid}").unlink(missing_ok=True)
        if doomed:  # its lease must end with it
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize("way", ["lease", "without"])
def test_fifty_processes_contend_for_one_to_eight(tmp_path: Path, way: str) -> None:
    for count in range(1, 9):
        driver(tmp_path / str(count), count)
    (tmp_path / "busy").mkdir()
    (tmp_path / "locks").mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), str(number), way],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    if way == "lease":
        assert "".join(said) == ""
    else:
        assert "is used by two" in "".join(said)  # the twin: the test sees what is not exclusive


def test_a_lease_goes_on_over_exec_and_ends_with_a_kill(eight: None, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from samebits.sealed import gpus\n"
        f"gpus.lease('m', 8, Path({str(tmp_path / 'locks')!r}))\n"
        "os.execv('/bin/sh', ['sh', '-c', 'echo here; exec sleep 600'])"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "here\n"
    waiting = subprocess.Popen(
        [sys.executable, "-c", code.replace("sleep 600", "true")], stdout=subprocess.PIPE, text=True
    )
    time.sleep(random.uniform(0.5, 1))  # noqa: S311
    assert waiting.poll() is None
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert waiting.communicate(timeout=60)[0] == "here\n"
