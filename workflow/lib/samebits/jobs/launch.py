"""The launcher: makes sure that the environment is the locked one, then becomes the measured process."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from samebits import environments
from samebits.environments.backends.backend import Process
from samebits.proof.sample import Sample
from samebits.sealed import gpus, locks, seal
from samebits.sealed.data import Manifest
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a measured process is started from.

    Attributes:
        spec: ``spec.json``.
        recipe: the recipe's file.
        data: folder of the data set.
        prefix: the environment.
        library: folder that holds the measured modules as ``samebits``.
        execution: what the result does not depend on.
    """

    spec: Path
    recipe: Path
    data: Path
    prefix: Path
    library: Path
    execution: Execution


def train(inputs: Inputs, folder: Path) -> NoReturn:
    """Become the process that trains a spec into the run's ``folder``; an interrupted run goes on.

    Raises:
        Refused: a file of the environment is not as its lock says, or it is not the spec's environment.
    """
    _become(inputs, folder)


def replay(inputs: Inputs, run: Path, sample: Path, segment: int, folder: Path) -> NoReturn:
    """Become the process that replays one segment of a run into ``folder``.

    The state before the first step is made anew with the first segment of the sample, and the model, the
    predictions and the metrics with its last.

    Raises:
        Refused: as ``train`` does, or the segment is not in the sample.
    """
    drawn = Sample.read(sample)
    if segment not in drawn.segments:
        raise Refused(f"segment {segment} is not in {sample}; it has {', '.join(map(str, drawn.segments))}")
    start, conclude = drawn.ends(segment)
    arguments = ["--replay", str(run.resolve()), "--segment", str(segment)]
    arguments += ["--start"] * start + ["--conclude"] * conclude
    _become(inputs, folder, arguments, [run.resolve()])


def package(inputs: Inputs, run: Path, folder: Path, module: str) -> NoReturn:
    """Become the process that lets the package staged in ``folder`` predict, and compares with the run's
    record.

    Args:
        inputs: what the model was trained from.
        run: the run's folder.
        folder: holds the package's folder, and is where the process may write.
        module: the package's name.

    Raises:
        Refused: as ``train`` does.
    """
    _become(inputs, folder, ["--package", module, "--run", str(run.resolve())], [run.resolve()])


def _become(
    inputs: Inputs, folder: Path, arguments: Sequence[str] = (), readable: Sequence[Path] = ()
) -> NoReturn:
    """Replace this process by the measured one, which may read the folders ``readable`` besides its inputs.

    Replaced and not kept as a parent, so that a signal or a kill meets the training itself and nothing is
    left to run on unseen.
    """
    spec = Spec.read(inputs.spec)
    manifest = environments.confirm(inputs.prefix)
    found = manifest.digest
    if found != spec.environment_digest:
        raise Refused(
            f"model {spec.model}: the environment at {inputs.prefix} is {found}, but the spec says "
            f"{spec.environment_digest}; run the workflow again"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _alone(folder)
    scratch = folder.resolve() / "scratch"
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir()
    files = [str(path.resolve()) for path in (inputs.spec, inputs.recipe, inputs.data, folder)]
    arguments = [*files, "--execution", inputs.execution.json(), *arguments]
    command = seal.command(inputs.prefix.resolve(), *arguments)
    variables = seal.environment(spec, inputs.library.resolve(), scratch)
    if spec.device == "cuda":
        count = 1 if inputs.execution.virtual else spec.processes
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(gpus.lease(spec.model, count))
    process = Process(
        command=command,
        variables=variables,
        readable=[*map(Path, files[:3]), inputs.library.resolve(), *_referred(inputs.data), *readable],
        writable=folder.resolve(),
    )
    backend = environments.backends.load(manifest.backend)
    command, variables = backend.command(inputs.prefix.resolve(), manifest, process)
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(scratch)  # a recipe that reads a relative path would read what no digest covers
    os.execve(command[0], command, variables)  # noqa: S606


def _alone(folder: Path) -> None:
    """Keep other processes out of a run's folder, from here to the end of the measured process.

    One may have outlived the workflow that started it. The lock goes on over ``exec``.

    Raises:
        Refused: another process is training there.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    if not locks.take(descriptor):
        raise Refused(f"another process is training in {folder}; let it finish, or end it first")
    os.set_inheritable(descriptor, True)


def _referred(data: Path) -> list[Path]:
    """Return the user's own files of a data set, which its folder only refers to."""
    paths = (data / entry.path for entry in Manifest.read(data).files.values())
    return [path.resolve() for path in paths if not path.resolve().is_relative_to(data.resolve())]
