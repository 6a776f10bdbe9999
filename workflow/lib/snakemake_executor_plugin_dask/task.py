"""What runs on a worker: a job's command, under a guard that ends all of it with the worker."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import distributed

#: the guards of the jobs that run on this worker
_running: dict[str, "subprocess.Popen[str]"] = {}


def run(key: str, command: str, variables: dict[str, str], folder: str, log: str, topic: str) -> int:
    """Run a shell command, and hand on its output line by line.

    Args:
        key: the job's.
        command: for the shell.
        variables: to set besides the worker's own.
        folder: the working folder.
        log: file for the output; an earlier attempt's is kept above it.
        topic: under which lines are sent out with ``key``; None means that it begins.

    Returns:
        The exit status.
    """
    worker = distributed.get_worker()
    worker.log_event(topic, (key, None))
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    guard = [sys.executable, str(Path(__file__).with_name("guard.py")), str(os.getpid()), command]
    with (
        Path(log).open("a") as file,
        subprocess.Popen(
            guard,
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        _running[key] = process
        try:
            assert process.stdout is not None  # noqa: S101
            for line in process.stdout:
                file.write(line)
                file.flush()
                worker.log_event(topic, (key, line))
            return process.wait()
        finally:
            del _running[key]


def cancel(keys: list[str]) -> None:
    """End those of the jobs that run on this worker."""
    for key in keys:
        if (process := _running.get(key)) is not None:
            process.send_signal(signal.SIGTERM)
