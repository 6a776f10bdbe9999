"""The launcher: makes sure that the environment is the locked one, then becomes the measured process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from samebits import environments
from samebits.environments.backends.backend import Process
from samebits.packaging import interface, probe
from samebits.packaging.description import Description
from samebits.packaging.naming import Names
from samebits.proof.sample import Sample
from samebits.sealed import children, gpus, locks, seal
from samebits.sealed.data import Manifest
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import SITE_VARIABLES

#: variables that a package is tried with; none of them pins a bit
_UNPINNED = frozenset(
    {"CUDA_VISIBLE_DEVICES", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR", *SITE_VARIABLES}
)


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


def package(inputs: Inputs, run: Path, folder: Path, names: Names, described: Description) -> int:
    """Complete the package staged in ``folder``, and try it as a user would; return 0 if it may be one.

    A measured process writes what the run's model predicted from. Another process, which is not sealed and in
    which no adapter has thrown a switch, then imports the package and predicts from that.

    Args:
        inputs: what the model was trained from.
        run: the run's folder.
        folder: holds the package's folder, and is where the processes may write.
        names: what the package is called.
        described: what its maker says of it.

    Raises:
        Refused: as ``train`` does.
    """
    prepared = _prepare(inputs, folder)
    run = run.resolve()
    command = prepared.measured("--inputs", str(run))
    if (status := _call(*prepared.started(command, prepared.variables, [run]), prepared.scratch)) != 0:
        return status
    interface.describe(folder, names, described)
    prepared.scratch.mkdir(exist_ok=True)  # the measured process took it away
    variables = {name: value for name, value in prepared.variables.items() if name in _UNPINNED}
    variables["PYTHONPATH"] = str(folder.resolve())
    sources = [str(path.resolve()) for path in interface.sources(folder, names)]
    program = Path(probe.__file__).resolve()
    command = [command[0], "-sP", str(program), str(folder.resolve()), names.module, *sources]
    if (status := _call(*prepared.started(command, variables, [program]), prepared.scratch)) == 0:
        interface.settle(folder)
        shutil.rmtree(prepared.scratch)
    return status


@dataclass(frozen=True)
class _Prepared:
    """What processes of a spec's environment are started with.

    Attributes:
        inputs: what the model is trained from.
        manifest: of the environment.
        folder: where they may write.
        variables: all that a measured process has.
    """

    inputs: Inputs
    manifest: environments.Manifest
    folder: Path
    variables: dict[str, str]

    @property
    def scratch(self) -> Path:
        """An empty folder below ``folder``, their working and home folder."""
        return self.folder / "scratch"

    def measured(self, *arguments: str) -> list[str]:
        """Return the command line of a measured process."""
        inputs = self.inputs
        files = [str(path.resolve()) for path in (inputs.spec, inputs.recipe, inputs.data, self.folder)]
        settings = ["--execution", inputs.execution.json(), *arguments]
        return seal.command(inputs.prefix.resolve(), *files, *settings)

    def started(
        self, command: Sequence[str], variables: dict[str, str], readable: Sequence[Path] = ()
    ) -> tuple[list[str], dict[str, str]]:
        """Return how a command is started in the environment: its whole command line, and its variables.

        Args:
            command: the command; its first word is the environment's interpreter.
            variables: all that it is to have.
            readable: what it may read besides the inputs.
        """
        inputs = self.inputs
        own = [path.resolve() for path in (inputs.spec, inputs.recipe, inputs.data, inputs.library)]
        process = Process(
            command=command,
            variables=variables,
            readable=[*own, *_referred(inputs.data), *readable],
            writable=self.folder,
        )
        backend = environments.backends.load(self.manifest.backend)
        return backend.command(inputs.prefix.resolve(), self.manifest, process)


def _prepare(inputs: Inputs, folder: Path) -> _Prepared:
    """Check the environment, take the folder for this process alone, and lease the spec's GPUs to it.

    Raises:
        Refused: a file of the environment is not as its lock says, it is not the spec's environment, or
            another process is at work in the folder.
    """
    spec = Spec.read(inputs.spec)
    manifest = environments.confirm(inputs.prefix)
    if manifest.digest != spec.environment_digest:
        raise Refused(
            f"model {spec.model}: the environment at {inputs.prefix} is {manifest.digest}, but the spec says "
            f"{spec.environment_digest}; run the workflow again"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _alone(folder)
    scratch = folder.resolve() / "scratch"
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir()
    variables = seal.environment(spec, inputs.library.resolve(), scratch)
    if spec.device == "cuda":
        count = 1 if inputs.execution.virtual else spec.processes
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(gpus.lease(spec.model, count))
    return _Prepared(inputs, manifest, folder.resolve(), variables)


def _become(
    inputs: Inputs, folder: Path, arguments: Sequence[str] = (), readable: Sequence[Path] = ()
) -> NoReturn:
    """Replace this process by the measured one, which may read the folders ``readable`` besides its inputs.

    No parent is kept: a signal or a kill meets the training itself, and nothing runs on unseen.
    """
    prepared = _prepare(inputs, folder)
    command, variables = prepared.started(prepared.measured(*arguments), prepared.variables, readable)
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(prepared.scratch)  # else a recipe's relative path could lead to files without a digest
    os.execve(command[0], command, variables)  # noqa: S606


def _call(command: Sequence[str], variables: dict[str, str], folder: Path) -> int:
    """Run a command in a folder to its end; it ends with this process. Return its status."""
    return subprocess.run(
        command, env=variables, cwd=folder, stdin=subprocess.DEVNULL, preexec_fn=children.following()
    ).returncode


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
