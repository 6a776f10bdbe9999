"""The launcher: makes sure that the environment is the locked one, then becomes the measured process."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from samebits import environments, seal
from samebits.data import Manifest
from samebits.errors import Refused
from samebits.spec import Spec


def train(spec: Path, recipe: Path, data: Path, prefix: Path, library: Path, folder: Path) -> NoReturn:
    """Replace this process by the measured one that trains ``spec`` into ``folder``.

    Replaced and not kept as a parent, so that a signal or a kill meets the training itself and nothing is
    left to run on unseen.

    Args:
        spec: ``spec.json``.
        recipe: the recipe's file.
        data: folder of the data set.
        prefix: the environment.
        library: folder that holds the measured modules as ``samebits``.
        folder: the run's folder; an interrupted run in it is continued.

    Raises:
        Refused: a file of the environment is not as its lock says, or it is not the spec's environment.
    """
    resolved = Spec.read(spec)
    manifest = environments.verify(prefix)
    found = manifest.digest
    if found != resolved.environment_digest:
        raise Refused(
            f"model {resolved.model}: the environment at {prefix} is {found}, but the spec says "
            f"{resolved.environment_digest}; run the workflow again"
        )
    scratch = folder.resolve() / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    files = [str(path.resolve()) for path in (spec, recipe, data, folder)]
    command = seal.command(prefix.resolve(), *files)
    variables = seal.environment(resolved, library.resolve(), scratch)
    if manifest.backend == "container":
        from samebits.environments.container import run

        image = run.load(prefix.resolve(), manifest)
        readable = [*map(Path, files[:3]), library.resolve(), *_referred(data)]
        command = run.command(image, prefix.resolve(), command, variables, readable, folder.resolve())
        variables = dict(os.environ)  # podman's own; the process in the container gets the others
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(scratch)  # a recipe that reads a relative path would read what no digest covers
    os.execve(command[0], command, variables)  # noqa: S606


def _referred(data: Path) -> list[Path]:
    """Return the user's own files of a data set, which its folder only refers to."""
    paths = (data / entry.path for entry in Manifest.read(data).files.values())
    return [path.resolve() for path in paths if not path.resolve().is_relative_to(data.resolve())]
