"""The programs that build, run and copy images; each is called with arguments, never through a shell."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from samebits.sealed.errors import Refused

#: what builds images, in the order of preference
BUILDERS = ("buildah", "podman", "docker")
BUILDER = "SAMEBITS_CONTAINER_BUILDER"


def builder() -> str:
    """Return the name of the program that builds: the one the user names, or the first that is there.

    Raises:
        Refused: there is none, or it is none of ``BUILDERS``.
    """
    if named := os.environ.get(BUILDER):
        if named in BUILDERS and shutil.which(named):
            return named
        raise Refused(f"{BUILDER} names {named!r}: give an installed one of {', '.join(BUILDERS)}")
    for name in BUILDERS:
        if shutil.which(name):
            return name
    raise Refused(f"the backend container needs one of {', '.join(BUILDERS)}: install one")


def need(name: str, why: str) -> str:
    """Return the path of a program.

    Raises:
        Refused: it is not installed.
    """
    if path := shutil.which(name):
        return path
    raise Refused(f"{why} needs {name}: install it")


def call(
    command: Sequence[str],
    what: str,
    *,
    folder: Path | None = None,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return what it printed.

    Raises:
        Refused: it failed; the message begins with ``what`` and holds the end of what it said.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        message = " ".join((done.stderr or done.stdout).split())[-400:]
        raise Refused(f"{what}: {Path(command[0]).name} failed: {message}")
    return done.stdout
