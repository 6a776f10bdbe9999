"""Registries: a model's packages and its receipt as one OCI artifact, tagged with its version."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from samebits.environments.backends.container.programs import call, need
from samebits.publish.places import Registry, same
from samebits.receipt import ENVELOPE
from samebits.sealed.digest import bytes_digest, canonical_json, file_digest
from samebits.sealed.errors import Refused

TYPE = "application/vnd.samebits.model.v1"
_TITLE = "org.opencontainers.image.title"
_EMPTY = b"{}"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Artifact:
    """What is pushed.

    Attributes:
        name: the distribution's name.
        version: its version.
        files: packages and receipt.
        manifest: canonical JSON; its digest names the artifact.
    """

    name: str
    version: str
    files: tuple[Path, ...]
    manifest: bytes

    @property
    def digest(self) -> str:
        """``sha256:…`` of the manifest."""
        return bytes_digest(self.manifest)

    @classmethod
    def of(cls, packages: list[Path], folder: Path) -> "Artifact":
        """Describe packages, and the receipt in the folder above theirs, as an artifact."""
        wheel = next(path for path in packages if path.suffix == ".whl")
        module, version = wheel.name.split("-")[:2]
        files = (*packages, folder.parent / ENVELOPE)
        layers = [
            {
                "mediaType": "application/octet-stream",
                "digest": file_digest(path),
                "size": path.stat().st_size,
                "annotations": {_TITLE: path.name},
            }
            for path in files
        ]
        config = {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": bytes_digest(_EMPTY),
            "size": len(_EMPTY),
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": TYPE,
            "config": config,
            "layers": layers,
        }
        return cls(module.replace("_", "-"), version, files, canonical_json(manifest))


def holds(artifact: Artifact, registry: Registry) -> bool:
    """Tell whether a registry has this very artifact under its version.

    Raises:
        Refused: it has another one, or cannot be asked.
    """
    command = [need("skopeo", "publishing to a registry"), "inspect", "--raw"]
    command += [f"--tls-verify={str(not registry.plain_http).lower()}", _reference(artifact, registry)]
    try:
        raw = call(command, f"{registry.place} cannot be asked")
    except Refused as refused:
        if re.search("manifest unknown|name unknown|not found|404", str(refused)):
            return False
        raise
    name = f"{artifact.name} {artifact.version}"
    return same(registry.place, name, bytes_digest(raw.encode()), artifact.digest)


def send(artifact: Artifact, registry: Registry) -> str:
    """Push an artifact; who you are is said by `skopeo login` before, or REGISTRY_AUTH_FILE.

    Raises:
        Refused: skopeo is missing or fails.
    """
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        folder = Path(scratch) / "layout"
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for path in artifact.files:
            shutil.copyfile(path, blobs / file_digest(path).removeprefix("sha256:"))
        for data in (_EMPTY, artifact.manifest):
            (blobs / bytes_digest(data).removeprefix("sha256:")).write_bytes(data)
        entry = {"mediaType": _MANIFEST, "digest": artifact.digest, "size": len(artifact.manifest)}
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
        command = [need("skopeo", "publishing to a registry"), "copy", "--quiet", "--preserve-digests"]
        command += [f"--dest-tls-verify={str(not registry.plain_http).lower()}"]
        command += ["oci:layout", _reference(artifact, registry)]
        call(command, f"{registry.place} cannot be pushed to", folder=Path(scratch))
    return f"published as {registry.place}/{artifact.name}@{artifact.digest}"


def _reference(artifact: Artifact, registry: Registry) -> str:
    # a tag has no "+", which local versions have
    return f"docker://{registry.place}/{artifact.name}:{artifact.version.replace('+', '_')}"
