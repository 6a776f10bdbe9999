"""The wheels of ``requirements.lock``, installed by uv upon what conda has installed."""

from pathlib import Path

from samebits.environments import uv
from samebits.environments.backends.pip import explain
from samebits.environments.lock import read_lock as read_pip_lock
from samebits.environments.specification import Source, specification
from samebits.sealed.errors import Refused


def install_wheels(source: Source, prefix: Path, key: int | None = None) -> None:
    """Install ``requirements.lock`` into a conda environment; what conda installed stays.

    Raises:
        Refused: a wheel cannot be had or is not what the lock says.
    """
    if not read_pip_lock(source):
        return
    arguments = ["pip", "install", "--require-hashes", "--no-deps", "--no-build", "--link-mode=copy"]
    arguments += ["--break-system-packages", "--python", str(prefix / "bin" / "python")]
    indexes = specification(source).indexes
    try:
        uv.run(
            [*arguments, "--requirements", str(source.lock)],
            indexes=indexes,
            keep_open=[] if key is None else [key],
        )
    except uv.UvFailed as error:
        raise Refused(explain(source, error)) from None
    (prefix / ".lock").unlink(missing_ok=True)  # uv's own
