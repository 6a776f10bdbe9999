"""How much a build downloads, told before it starts."""

import re
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rich.filesize import decimal

from samebits.environments import uv
from samebits.environments.specification import Source

SIZE = re.compile(r"# (\d+) bytes to download", re.MULTILINE)


def download_size(source: Source) -> int | None:
    """Return how many bytes the wheels of a lock have; None if the lock does not say."""
    match = SIZE.search(source.lock.read_text(errors="replace"))
    return int(match[1]) if match else None


def announce(source: Source, packages: int, prefix: Path) -> None:
    """Say what will be installed, and how large it is."""
    size = download_size(source)
    note = f", {decimal(size)} unless uv has them in its cache" if size else ""
    uv.say(f"environment {source.name}: installing {packages} packages into {prefix}{note}")


def measure(pins: str, arguments: Sequence[str], indexes: Sequence[str]) -> int | None:
    """Ask the indexes how large the wheels of some pins are for a platform.

    Args:
        pins: a requirements file with versions and hashes.
        arguments: uv's, which say for what Python and platform.
        indexes: further package indexes.

    Returns:
        Bytes, or None if an index does not tell.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pylock.toml"
        command = ["pip", "compile", "-", "--no-deps", "--python", sys.executable, *arguments]
        try:
            uv.run([*command, "--quiet", "--output-file", str(path)], indexes=indexes, stdin=pins)
        except uv.UvFailed:
            return None
        packages = tomllib.loads(path.read_text()).get("packages", [])
        sizes = [_size(package, path.parent) for package in packages]
    return None if None in sizes else sum(filter(None, sizes))


def _size(package: dict[str, Any], folder: Path) -> int | None:
    """Return the bytes of a package's wheel: as its index says, or of the file in a folder of wheels."""
    wheel = (package.get("wheels") or [{}])[0]
    place = wheel.get("path") or unquote(urlsplit(wheel.get("url", "")).path)
    if size := wheel.get("size"):
        return int(size)
    path = folder / place
    return path.stat().st_size if place and path.is_file() else None
