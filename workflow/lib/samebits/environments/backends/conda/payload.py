"""What a conda package says of itself: its files with their hashes, and where an installation puts them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda_package_streaming.package_streaming import stream_conda_info

from samebits.sealed.errors import Refused


@dataclass(frozen=True)
class Entry:
    """A file of a package.

    Attributes:
        path: where it is installed, relative to the prefix.
        sha256: ``sha256:…`` in the package, or empty if it is made by the installation.
        relocated: the installation writes the prefix into it.
        link: it is a link.
    """

    path: str
    sha256: str = ""
    relocated: bool = False
    link: bool = False


def entries(package: Path, python: str) -> list[Entry]:
    """List what a package installs.

    Args:
        package: a ``.conda`` or ``.tar.bz2`` file.
        python: the minor version of the environment's Python, for packages that fit any.

    Raises:
        Refused: the file is no conda package, or a path leads out of the prefix.
    """
    try:
        info = dict(_info(package))
        index, listed = info["info/index.json"], info["info/paths.json"]
        link = info.get("info/link.json", {}).get("noarch", {})
        noarch = index.get("noarch") == "python"
        shipped = [_entry(each, python if noarch else "") for each in listed["paths"]]
    except (KeyError, ValueError, OSError, AttributeError, TypeError) as error:
        raise Refused(f"{package} is no conda package that lists its files: {error!r}") from None
    for script in link.get("entry_points", ()):  # "name = module:function"
        shipped.append(Entry(f"bin/{script.partition('=')[0].strip()}"))
    if outside := [
        each.path for each in shipped if ".." in each.path.split("/") or each.path.startswith("/")
    ]:
        raise Refused(f"{package}: its file {outside[0]!r} would be installed outside of the environment")
    return shipped


def _info(package: Path) -> Iterator[tuple[str, Any]]:
    for archive, member in stream_conda_info(str(package)):
        if member.name in ("info/index.json", "info/paths.json", "info/link.json"):
            file = archive.extractfile(member)
            yield member.name, json.load(file) if file else None


def _entry(fields: dict[str, Any], python: str) -> Entry:
    """Read an entry of paths.json; ``python`` is empty unless the package fits any Python."""
    path = fields["_path"]
    if python and path.startswith("site-packages/"):
        path = f"lib/python{python}/{path}"
    elif python and path.startswith("python-scripts/"):
        path = "bin/" + path.removeprefix("python-scripts/")
    return Entry(
        path,
        f"sha256:{fields['sha256']}" if fields.get("sha256") else "",
        bool(fields.get("prefix_placeholder")) or (path.startswith("bin/") and bool(python)),
        fields.get("path_type") == "softlink",
    )
