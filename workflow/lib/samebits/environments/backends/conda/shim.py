"""The conda that is called: the user's, or a small folder that holds ours."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from samebits.sealed.errors import Refused

#: names an existing conda or mamba, to be used instead of ours
CONDA = "SAMEBITS_CONDA"
#: tells ours the folder that ``write`` made
ROOT = "SAMEBITS_CONDA_ROOT"
_CONDA = f"""#!/bin/sh
{ROOT}={{root}} exec {{python}} -m samebits.environments.backends.conda.front "$@"
"""
_ACTIVATE = """# sourced with the prefix as argument, as conda's own
export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""


def executable(folder: Path) -> str:
    """Return the conda to call: the user's, or one that is written into ``folder``.

    Raises:
        Refused: the user's cannot be found.
    """
    if named := os.environ.get(CONDA):
        if path := shutil.which(named):
            return path
        raise Refused(f"{CONDA} names {named!r}, which is no command: correct it, or unset it to need none")
    return str(write(folder))


def write(folder: Path) -> Path:
    """Write a conda that runs on py-rattler, with what Snakemake needs beside it; return its path."""
    commands = folder.absolute() / "bin"
    commands.mkdir(parents=True, exist_ok=True)
    (commands / "activate").write_text(_ACTIVATE)
    conda = commands / "conda"
    conda.write_text(
        _CONDA.format(root=shlex.quote(str(commands.parent)), python=shlex.quote(sys.executable))
    )
    conda.chmod(0o755)
    return conda
