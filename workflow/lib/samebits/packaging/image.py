"""Serving images: the locked environment's image and, as one more layer, the packaged model in it.

No builder is needed: the layers are put together as they are, so the same environment and the same package
give the same digest.
"""

import io
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from samebits.environments import backends
from samebits.environments.backends.container import oci
from samebits.environments.verify import verify
from samebits.receipt.check import check
from samebits.receipt.keys import PublicKey
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

FOLDER = "/samebits-model"
_PORT = 8080
_NOBODY = "65534:65534"


def write(wheel: Path, prefix: Path, key: PublicKey, output: Path) -> str:
    """Write the image of a packaged model as an OCI layout; return its digest.

    Args:
        wheel: the model's wheel; it is verified first.
        prefix: the model's environment of the backend container, verified, too.
        key: the key that signed the wheel.
        output: the folder of the layout; what is in it is replaced.

    Raises:
        Refused: it is no such environment, or its lock is not the one that the model was trained with.
        samebits.receipt.Different: the wheel is not what was signed.
    """
    manifest = verify(prefix)
    if manifest.backend != backends.IMAGES:
        raise Refused(
            f"{prefix} is of the backend {manifest.backend}: a serving image stands on a container's"
        )
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        checked = check(wheel, [key], unpacked)
        _check_lock(wheel, checked.folder, manifest.packages)
        assert checked.folder is not None  # noqa: S101  a wheel has one
        about = json.loads((checked.folder / "about.json").read_bytes())
        layer = Path(scratch) / "layer.tar"
        _layer(unpacked, layer)
        base, config = oci.image(prefix / oci.IMAGE, manifest.digest)
        shutil.rmtree(output, ignore_errors=True)
        blobs = output / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        below = base["layers"][0]
        _link(prefix / oci.IMAGE / "blobs" / "sha256" / _hex(below["digest"]), blobs / _hex(below["digest"]))
        above = {**below, "digest": file_digest(layer), "size": layer.stat().st_size}
        shutil.move(layer, blobs / _hex(above["digest"]))
    config_blob = oci.blob(blobs, _config(config, above["digest"], checked.folder.name, about))
    digest = oci.blob(blobs, {**base, "config": {**base["config"], **config_blob}, "layers": [below, above]})
    oci.write_index(output, digest["digest"], digest["size"])
    return str(digest["digest"])


def _check_lock(wheel: Path, folder: Path | None, packages: dict[str, str]) -> None:
    """Refuse an environment without what the package requires, in these versions."""
    assert folder is not None  # noqa: S101  a wheel has one
    requires = json.loads((folder / "signature.json").read_bytes())["requires"]
    plain = {name.lower(): version.partition("+")[0] for name, version in packages.items()}
    for name, version in requires.items():
        if plain.get(name) != version:
            raise Refused(f"{wheel.name} needs {name} {version}, and the environment has {plain.get(name)}")


def _config(config: dict[str, Any], layer: str, module: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return the image's config: what it runs, as whom, and with which variables."""
    variables = {**about["variables"], "PYTHONPATH": FOLDER, "PYTHONDONTWRITEBYTECODE": "1"}
    return {
        **config,
        "config": {
            **config["config"],
            "Env": [
                *config["config"]["Env"],
                *(f"{name}={value}" for name, value in sorted(variables.items())),
            ],
            "User": _NOBODY,
            "WorkingDir": "/tmp",  # noqa: S108  in the image
            "Entrypoint": [f"{oci.FOLDER}/bin/python", "-sP", "-m", module],
            "Cmd": ["serve", "--host", "0.0.0.0", "--port", str(_PORT)],  # noqa: S104  in a container of its own
            "ExposedPorts": {f"{_PORT}/tcp": {}},
        },
        "rootfs": {**config["rootfs"], "diff_ids": [*config["rootfs"]["diff_ids"], layer]},
        "history": [*config["history"], config["history"][0]],
    }


def _layer(folder: Path, target: Path) -> None:
    """Pack the wheel's files below ``FOLDER``: sorted, without times and owners."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        paths = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
        for path in (folder, *paths):
            member = tarfile.TarInfo(
                f"{FOLDER.strip('/')}/{path.relative_to(folder).as_posix()}".rstrip("/.")
            )
            member.mode, member.type = (0o755, tarfile.DIRTYPE) if path.is_dir() else (0o644, tarfile.REGTYPE)
            data = b"" if path.is_dir() else path.read_bytes()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def _link(source: Path, target: Path) -> None:
    """Have a large file at a second place without a second copy, where the file system can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
