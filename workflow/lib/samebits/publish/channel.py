"""Conda channels: a folder that a web server or a share shows, or a server with uploads of its own."""

import asyncio
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests

from samebits.publish.places import TOKEN, Channel, same
from samebits.sealed import files
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

_SUBDIR = "noarch"


def holds(package: Path, channel: Channel) -> bool:
    """Tell whether a channel has this very package.

    Raises:
        Refused: it has another one of this name, or cannot be asked.
    """
    if channel.kind == "folder":
        path = Path(channel.place) / _SUBDIR / package.name
        there = file_digest(path) if path.is_file() else ""
    else:
        there = _listed(package.name, channel)
    return bool(there) and same(channel.place, package.name, there, file_digest(package))


def send(package: Path, channel: Channel) -> str:
    """Put a package into a channel; a server's token is in SAMEBITS_CHANNEL_TOKEN or rattler's own store.

    Raises:
        Refused: what does it is not installed, or it fails.
    """
    if find_spec("rattler_build") is None or find_spec("rattler") is None:
        raise Refused("publishing to a conda channel needs rattler: pip install 'samebits[packages]'")
    if channel.kind == "folder":
        return _put(package, Path(channel.place))
    import rattler_build

    token = os.environ.get(TOKEN)
    files = [str(package)]
    try:
        if channel.kind == "quetz":
            rattler_build.upload_package_to_quetz(files, channel.place, channel.name, api_key=token)
        elif channel.kind == "prefix":
            rattler_build.upload_package_to_prefix(files, channel.place, channel.name, api_key=token)
        else:
            rattler_build.upload_package_to_anaconda(files, channel.name, url=channel.place, api_key=token)
    except rattler_build.RattlerBuildError as error:
        message = " ".join(str(error).split())[:300]
        if token:
            message = message.replace(token, "…")
        raise Refused(
            f"{channel.place} did not take {package.name}: {message}; {TOKEN} holds the token"
        ) from None
    return "published"


def _put(package: Path, folder: Path) -> str:
    """Copy a package into a channel's folder, and write the index anew."""
    from rattler.index import index_fs

    target = folder / _SUBDIR / package.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        files.create(target, package.read_bytes(), 0o644)
    except FileExistsError:
        raise Refused(f"{target} has just been published by another process; publish again") from None
    # every channel has an index of noarch and of each platform that is asked for
    asyncio.run(index_fs(folder, write_zst=True, write_shards=False))
    return "published"


def _listed(name: str, channel: Channel) -> str:
    """Return the digest that a server's index has of a package; empty if it has none."""
    base = {
        "quetz": f"{channel.place.rstrip('/')}/get/{channel.name}",
        "prefix": f"{channel.place.rstrip('/')}/{channel.name}",
        "anaconda": f"https://conda.anaconda.org/{channel.name}",
    }[channel.kind]
    try:
        answer = requests.get(f"{base}/{_SUBDIR}/repodata.json", timeout=60)
        if answer.status_code == 404:
            return ""
        answer.raise_for_status()
        packages: dict[str, Any] = json.loads(answer.content).get("packages.conda", {})
    except (requests.RequestException, ValueError) as error:
        raise Refused(f"{base} cannot be asked: {type(error).__name__}") from None
    return f"sha256:{packages[name]['sha256']}" if name in packages else ""
