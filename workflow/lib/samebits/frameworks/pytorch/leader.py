"""Rank 0 and the other ranks' processes: starts them sealed, tells them what to do, and ends them."""

import json
import os
import select
import subprocess
import sys
import time
from typing import Any, NoReturn

from samebits.frameworks.pytorch import ranks
from samebits.sealed import children, seal
from samebits.sealed.data import Data
from samebits.sealed.errors import Lost, Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

#: exit statuses of a rank: it has written why on its output; it lost the others
REFUSED, ALONE = 2, 75

_GRACE = 10  # seconds until processes that lost a peer have noticed it


class Leader(ranks.Process):
    """Rank 0.

    Lightning's launcher runs the whole script again in every rank. Here the engine, with its ledger and its
    checkpoints, runs in rank 0 only, and the other ranks do what they are told, a command a line.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        self._spec = spec
        store, port = ranks.listen()
        begin = {
            "spec": spec.canonical().decode("ascii"),
            "seed": seed,
            "recipe": str(recipe.path),
            "data": str(data.folder),
            "loader_workers": execution.loader_workers,
            "port": port,
        }
        self._others = [_start({**begin, "rank": rank}) for rank in range(1, spec.processes)]
        try:
            for process in self._others:
                assert process.stdout is not None  # noqa: S101  for mypy
                if not process.stdout.readline():
                    self.lost(RuntimeError("it ended before it began"))
            super().__init__(0, spec.processes, spec.device, store)
        except BaseException:
            self.close()
            raise

    def tell(self, command: str, step: int = 0) -> None:
        """Let the other processes do what this one does."""
        for process in self._others:
            try:
                _send(process, [command, step])
            except OSError as error:
                self.lost(error)

    def lost(self, error: Exception) -> NoReturn:
        """Find out which rank is gone, and why.

        Raises:
            Lost: it was killed.
            Refused: it had a reason, or fell over.
        """
        end = time.monotonic() + _GRACE
        running = {
            os.pidfd_open(process.pid): (rank, process) for rank, process in enumerate(self._others, 1)
        }
        text = str(error).splitlines()[0]
        try:
            while running and (left := end - time.monotonic()) > 0:
                for descriptor in select.select(list(running), [], [], left)[0]:
                    rank, process = running.pop(descriptor)
                    os.close(descriptor)
                    self._explain(rank, process)
        finally:
            for descriptor in running:
                os.close(descriptor)
        raise Lost(f"model {self._spec.model}: the ranks lost each other ({text})")

    def _explain(self, rank: int, process: "subprocess.Popen[str]") -> None:
        """Raise what the end of a process means, unless it only lost the others."""
        status = process.wait()
        where = f"model {self._spec.model}: rank {rank}"
        if status < 0:
            raise Lost(f"{where} was killed by signal {-status}")
        assert process.stdout is not None  # noqa: S101  for mypy
        if status == REFUSED:
            raise Refused(process.stdout.read().strip().splitlines()[-1])
        if status != ALONE:
            raise Refused(f"{where} ended with status {status}; what it printed above says why")

    def close(self) -> None:
        """End the other processes; they hold nothing that is not here as well."""
        for process in self._others:
            process.kill()
        for process in self._others:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:  # what it was never told
                        continue
        super().close()


def _start(begin: dict[str, Any]) -> "subprocess.Popen[str]":
    """Start a rank's process as this one was started: the same interpreter, flags and variables."""
    process = subprocess.Popen(
        [sys.executable, "-sP", "-m", f"{__package__}.rank"],
        env=seal.variables_at_start(),  # a recipe may have changed os.environ since
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=children.following(),
    )
    _send(process, begin)
    return process


def _send(process: "subprocess.Popen[str]", value: Any) -> None:
    assert process.stdin is not None  # noqa: S101  for mypy
    process.stdin.write(json.dumps(value) + "\n")
    process.stdin.flush()
