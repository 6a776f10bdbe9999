"""Turns: processes go one after the other, and one that is killed holds nobody up."""

import signal
import subprocess
import sys

from samebits.sealed.locks import turn

HOLD = """
import sys
from pathlib import Path
from samebits.sealed.locks import turn
with turn(Path(sys.argv[1]), "waiting"):
    print("in", flush=True)
    sys.stdin.read()
"""


def hold(place):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_says_that_it_waits_and_comes_next_when_the_first_is_killed(tmp_path):
    place = tmp_path / "new" / "data"
    first = hold(place)
    assert first.stdout.readline() == "in\n"
    second = hold(place)
    assert second.stderr.readline() == "waiting\n"
    assert second.poll() is None
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert second.stdout.readline() == "in\n"
    second.communicate()
    with turn(place, "never said"):  # the lock's file stays, and holds nobody up
        pass
