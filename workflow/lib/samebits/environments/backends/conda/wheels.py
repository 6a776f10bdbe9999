"""The wheels of ``requirements.lock``, installed by uv upon what conda has installed."""

from pathlib import Path

from samebits.environments.lock import read_lock
from samebits.environments.specification import Source
from samebits.environments.uv_install import install_wheels


def install_upon(source: Source, prefix: Path, key: int | None = None) -> None:
    """Install ``requirements.lock`` into a conda environment; what conda installed stays.

    Raises:
        Refused: a wheel cannot be had or is not what the lock says.
    """
    if not read_lock(source):
        return
    arguments = ["install", "--no-deps", "--requirements", str(source.lock), "--break-system-packages"]
    install_wheels(source, [*arguments, "--python", str(prefix / "bin" / "python")], prefix, key)
