"""An image as an OCI layout: a folder whose files are named by their hashes (OCI image specification 1.0).

There is one layer, and it is not compressed: what a compressor makes of the same bytes differs between its
versions, and so would the digest.
"""

import json
import platform
import tarfile
from pathlib import Path
from typing import Any

from samebits.sealed.digest import bytes_digest, canonical_json, file_digest
from samebits.sealed.errors import Refused

IMAGE = "image"  # the layout in an environment's prefix
CONTENTS = "contents.json"  # beside it: the files of the environment in the image
FOLDER = "/samebits-environment"  # the environment in the image
LABEL = "io.github.samebits.environment"
_TYPES = "application/vnd.oci.image"
_EPOCH = "1970-01-01T00:00:00Z"


def write(folder: Path, layer: Path, description: dict[str, Any]) -> str:
    """Write a layout; return the digest of the image's manifest.

    Args:
        folder: the folder to make.
        layer: a tar file; it is moved into the layout.
        description: what the label says of the environment.
    """
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    digest, size = file_digest(layer), layer.stat().st_size
    layer.replace(blobs / digest.removeprefix("sha256:"))
    config = blob(
        blobs,
        {
            "architecture": machine,
            "os": "linux",
            "created": _EPOCH,
            "config": {
                "Env": [f"PATH={FOLDER}/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
                "Labels": {LABEL: canonical_json(description).decode()},
            },
            "rootfs": {"type": "layers", "diff_ids": [digest]},
            "history": [{"created": _EPOCH, "created_by": "samebits"}],
        },
    )
    manifest = blob(
        blobs,
        {
            "schemaVersion": 2,
            "mediaType": f"{_TYPES}.manifest.v1+json",
            "config": {"mediaType": f"{_TYPES}.config.v1+json", **config},
            "layers": [{"mediaType": f"{_TYPES}.layer.v1.tar", "digest": digest, "size": size}],
        },
    )
    write_index(folder, manifest["digest"], manifest["size"])
    return str(manifest["digest"])


def write_index(folder: Path, digest: str, size: int) -> None:
    """Write the two files of a layout that are not named by their hash."""
    entry = {"mediaType": f"{_TYPES}.manifest.v1+json", "digest": digest, "size": size}
    (folder / "index.json").write_bytes(canonical_json({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_bytes(canonical_json({"imageLayoutVersion": "1.0.0"}))


def image(folder: Path, digest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the manifest and the config of the image with a digest, each held against its hash.

    Raises:
        Refused: it is not there, damaged, or not one that samebits made.
    """
    try:
        manifest = _read_blob(folder, digest)
        config = _read_blob(folder, manifest["config"]["digest"])
        (layer,) = manifest["layers"]
        if config["rootfs"]["diff_ids"] != [layer["digest"]]:
            raise ValueError("its layer is compressed")
        description = json.loads(config["config"]["Labels"][LABEL])
        if not {"name", "lock", "python", "packages"} <= set(description):
            raise ValueError("its label is incomplete")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{folder}: {digest} is no image of an environment: {error}") from None
    return manifest, config


def contents(folder: Path, digest: str) -> dict[str, str]:
    """List the environment's files in an image: path below ``FOLDER`` -> ``sha256:…`` or ``-> target``."""
    manifest, _ = image(folder, digest)
    listing = {}
    start = FOLDER.strip("/") + "/"
    with tarfile.open(_path(folder, manifest["layers"][0]["digest"]), "r:") as archive:
        for member in archive:
            name = member.name.removeprefix(start)
            if name == member.name:
                continue
            if member.issym():
                listing[name] = f"-> {member.linkname}"
            elif content := archive.extractfile(member):
                listing[name] = bytes_digest(content.read())
    return listing


def _path(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _read_blob(folder: Path, digest: str) -> dict[str, Any]:
    data = _path(folder, digest).read_bytes()
    if bytes_digest(data) != digest:
        raise ValueError(f"{digest} is damaged")
    fields: dict[str, Any] = json.loads(data)
    return fields


def blob(blobs: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Write JSON into the folder of blobs; return its digest and size."""
    data = canonical_json(fields)
    digest = bytes_digest(data)
    (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    return {"digest": digest, "size": len(data)}
