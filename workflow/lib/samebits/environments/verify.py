"""Hold an installed environment against its manifest: before every measured process, so it must be quick."""

import shlex
import subprocess
from pathlib import Path

from samebits.environments import manifest as manifests
from samebits.environments.manifest import Manifest
from samebits.environments.tree import digests, listing
from samebits.errors import Refused

SHOWN = 3


def verify(prefix: Path) -> Manifest:
    """Hash every file of a prefix and compare with the manifest.

    Raises:
        Refused: the prefix is not built, files changed, are missing or were added, or its Python is another.
    """
    prefix = prefix.resolve()
    manifest = manifests.read(prefix)
    where = shlex.quote(str(prefix))
    mend = f"run `samebits env build {manifest.name} {where}{backend(manifest)} --force`"
    paths = [path for path in listing(prefix) if path != manifests.FILE]
    try:
        found = digests(prefix, paths)
    except OSError as error:
        raise Refused(f"{error.filename}: cannot be read: {error.strerror}; {mend}") from None
    differences = [
        *(f"{path} changed" for path in paths if found[path] != manifest.files.get(path, found[path])),
        *(f"{path} is missing" for path in sorted(set(manifest.files) - set(found))),
        *(f"{path} was added" for path in paths if path not in manifest.files),
    ]
    if differences:
        shown = ", ".join(differences[:SHOWN]) + (", …" if len(differences) > SHOWN else "")
        files = "1 file differs" if len(differences) == 1 else f"{len(differences)} files differ"
        raise Refused(
            f"environment {manifest.name} in {prefix}: {files} from when it was built: {shown}; {mend}"
        )
    if manifest.backend == "container":
        return manifest  # its Python is in the image
    python = python_version(prefix)
    if python != manifest.python:
        was = f"was built on Python {manifest.python}, which has become {python or 'unusable'}"
        raise Refused(f"environment {manifest.name} in {prefix} {was}; {mend}")
    return manifest


def backend(manifest: Manifest) -> str:
    """Return the option that names a backend on the command line; the usual one needs none."""
    return "" if manifest.backend == "pip" else f" --backend {manifest.backend}"


def python_version(prefix: Path) -> str:
    """Ask a prefix's interpreter for its full version; empty if it does not run.

    The interpreter is a link to one outside the prefix, which an upgrade can replace.
    """
    command = [str(prefix / "bin" / "python"), "-ISc", "import sys; print(sys.version.split()[0])"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
