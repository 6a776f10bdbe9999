"""Real servers for tests: a program that listens on a free port of loopback."""

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(command: Sequence[object], port: int, log: Path) -> Iterator[None]:
    """Run a server until the end of the block, which begins when it listens."""
    with log.open("w") as file:
        process = subprocess.Popen([str(part) for part in command], stdout=file, stderr=file)
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                os.sched_yield()
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait()
