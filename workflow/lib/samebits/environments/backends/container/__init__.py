"""The backend ``container``: an OCI image of a base system and the wheels of ``requirements.lock``.

The image lies in the environment's prefix as an OCI layout (``image/``), whose files are named by their
hashes. The digest of its manifest is the environment's. podman runs measured processes in it.
"""

import os
from pathlib import Path

from samebits.environments.backends.backend import Backend, Process
from samebits.environments.backends.container import base, build_image, run
from samebits.environments.backends.container.programs import builder
from samebits.environments.lock import read_lock
from samebits.environments.manifest import Manifest
from samebits.environments.specification import Source, specification
from samebits.sealed.digest import bytes_digest, file_digest, files_digest
from samebits.sealed.errors import Refused


class Container(Backend):
    """Installs ``requirements.lock`` into an image, and runs processes in containers of it."""

    name = "container"
    folder = "envs/container"
    no_gpu = "containers train on the CPU only"

    def check(self, source: Source) -> None:
        """Refuse what cannot be built here.

        Raises:
            Refused: the lock is not fit, there are conda packages, or nothing that builds images.
        """
        read_lock(source)
        if other := specification(source).conda_only:
            raise Refused(
                f"environment {source.name}: the container backend cannot install {other[0]!r}: set "
                f"`backend: conda`, or move it to the `pip:` list of {source.specification}"
            )
        builder()
        base.setting()

    def lock_digest(self, source: Source) -> str:
        """Name what an environment is made from: the lock, the template and which base it stands on."""
        made_from = {path.name: file_digest(path) for path in (source.lock, build_image.template())}
        return files_digest({**made_from, "base": bytes_digest(base.setting().encode())})

    def install(self, source: Source, prefix: Path, key: int) -> Manifest:
        """Build the image into an empty prefix and check every file of the environment in it.

        Raises:
            Refused: a package cannot be had or is not what the lock says, or the build fails.
        """
        return build_image.build(source, prefix, key, self.lock_digest(source))

    def digest(self, manifest: Manifest) -> str:
        """Return the digest of the image's manifest, which is one of the files; empty if it is not there."""
        return manifest.digest if manifest.digest in manifest.files.values() else ""

    def python_version(self, prefix: Path, manifest: Manifest) -> str:
        """Return the version that was found in the image, where nothing outside can replace it."""
        return manifest.python

    def command(self, prefix: Path, manifest: Manifest, process: Process) -> tuple[list[str], dict[str, str]]:
        """Return podman's command line and variables; the process gets its own inside the container.

        Raises:
            Refused: podman is missing or fails, or a file of the environment in its storage was changed.
        """
        image = run.load(prefix, manifest)
        return run.command(image, prefix, process), dict(os.environ)


BACKEND = Container()
