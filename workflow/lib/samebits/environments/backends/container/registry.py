"""Images in registries: pushed and pulled by digest, byte for byte."""

import re
from pathlib import Path

from samebits.environments import manifest_file
from samebits.environments.backends.container import oci
from samebits.environments.backends.container.build_image import describe
from samebits.environments.backends.container.programs import call, need
from samebits.environments.manifest import MARKER, Manifest
from samebits.environments.verify import verify
from samebits.sealed.errors import Refused

_PLACE = r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+"


def push(prefix: Path, place: str, plain_http: bool = False) -> str:
    """Push the image of an environment; return ``place@sha256:…``, by which anyone can pull it.

    Args:
        prefix: an environment of the backend container; it is verified first.
        place: ``host[:port]/name``.
        plain_http: the registry has no TLS.

    Raises:
        Refused: it is no such environment, or the registry refuses it.
    """
    if not re.fullmatch(_PLACE, place):
        raise Refused(f"{place!r} is no place in a registry: write HOST[:PORT]/NAME")
    manifest = verify(prefix)
    if manifest.backend != "container":
        raise Refused(f"{prefix} is of the backend {manifest.backend}: only containers have an image")
    source = f"oci:{prefix.resolve() / oci.IMAGE}"
    target = f"docker://{place}:sha256-{manifest.digest.removeprefix('sha256:')}"
    flags = ["--preserve-digests", f"--dest-tls-verify={str(not plain_http).lower()}"]
    call(
        [need("skopeo", "pushing"), "copy", "--quiet", *flags, source, target], f"{place} cannot be pushed to"
    )
    return f"{place}@{manifest.digest}"


def pull(reference: str, prefix: Path, plain_http: bool = False) -> Manifest:
    """Pull an image by its digest into an empty folder and make that an environment.

    Raises:
        Refused: the registry lacks it, the folder is not empty, or it is no image of an environment.
    """
    place, _, digest = reference.partition("@")
    if not re.fullmatch(_PLACE, place) or not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise Refused(f"{reference!r} names no image by its digest: write HOST[:PORT]/NAME@sha256:…")
    prefix = prefix.resolve()
    if prefix.exists() and any(prefix.iterdir()):
        raise Refused(f"{prefix} is not empty: choose another folder")
    prefix.mkdir(parents=True, exist_ok=True)
    (prefix / MARKER).touch()
    flags = ["--preserve-digests", f"--src-tls-verify={str(not plain_http).lower()}"]
    command = [need("skopeo", "pulling"), "copy", "--quiet", *flags, f"docker://{reference}"]
    call([*command, f"oci:{prefix / oci.IMAGE}"], f"{reference} cannot be pulled")
    blob = prefix / oci.IMAGE / "blobs" / "sha256" / digest.removeprefix("sha256:")
    oci.write_index(prefix / oci.IMAGE, digest, blob.stat().st_size)
    manifest = describe(prefix, digest)
    manifest_file.write(prefix, manifest)
    return verify(prefix)
