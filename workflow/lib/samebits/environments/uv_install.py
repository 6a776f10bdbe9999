"""Install the wheels of ``requirements.lock`` by uv, and say in our words what went wrong."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.filesize import decimal

from samebits.environments import uv
from samebits.environments.size import download_size
from samebits.environments.specification import Source, specification
from samebits.sealed.errors import Refused


def install_wheels(source: Source, arguments: Sequence[str], folder: Path, key: int | None = None) -> None:
    """Install what the lock holds, each wheel with its hash.

    Args:
        source: the environment.
        arguments: a subcommand of ``uv pip``, and where it is to install what.
        folder: where the wheels go.
        key: a lock's file that uv inherits: if this process is killed, a uv that lives on keeps others out.

    Raises:
        Refused: a wheel cannot be had or is not what the lock says.
    """
    # copies, not hard links to uv's cache, or a write into one environment would reach all others
    command = ["pip", *arguments, "--require-hashes", "--no-build", "--link-mode=copy"]
    indexes = specification(source).indexes
    try:
        uv.run(command, indexes=indexes, keep_open=[] if key is None else [key])
    except uv.UvFailed as error:
        raise Refused(_explain(source, error)) from None
    (folder / ".lock").unlink(missing_ok=True)  # uv's own


def _explain(source: Source, error: uv.UvFailed) -> str:
    """Turn uv's error into ours: what is wrong, where, and what mends it."""
    what = f"environment {source.name}: "
    if error.mismatch:
        return (
            f"{what}the file of {error.mismatch} has none of the hashes in {source.lock}: the lock was "
            "edited or the wheel replaced; restore what was changed, or trust the new file by "
            f"`samebits env lock {source.name}`"
        )
    if error.missing:
        return (
            f"{what}{error}; put its wheel into a folder that PIP_FIND_LINKS names, or run "
            f"`samebits env lock {source.name}` if {source.lock} was edited{_alternative(source)}"
        )
    return (
        f"{what}uv could not install it: {error}; mend that and run `samebits env build {source.name}` again"
    )


def _alternative(source: Source) -> str:
    """Name the environment with CUDA beside one for the CPU, and what it would download."""
    other = Source(re.sub("-cpu$", "-gpu", source.name), source.folder.with_name(f"{source.name[:-4]}-gpu"))
    if other.name == source.name or not other.lock.is_file() or not (size := download_size(other)):
        return ""
    return f"; the environment {other.name} has the build with CUDA, {decimal(size)} to download"
