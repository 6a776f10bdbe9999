"""Hold an installed environment against its manifest: before every measured process, so it must be quick."""

import shlex
from pathlib import Path

from samebits.environments import backends, manifest_file
from samebits.environments.listing import digests, listing
from samebits.environments.manifest import FILE, Manifest
from samebits.environments.verified_cache import VerifiedState
from samebits.sealed.errors import Refused

SHOWN = 3


def verify(prefix: Path) -> Manifest:
    """Hash every file of a prefix and compare with the manifest.

    Raises:
        Refused: the prefix is not built, files changed, are missing or were added, or its Python is another.
    """
    return _verify(prefix, cached=False)


def confirm(prefix: Path) -> Manifest:
    """Do as ``verify`` does, but hash only if a file was touched since that was last done, or an hour passed.

    Raises:
        Refused: as ``verify`` does.
    """
    return _verify(prefix, cached=True)


def _verify(prefix: Path, *, cached: bool) -> Manifest:
    prefix = prefix.resolve()
    manifest = manifest_file.read(prefix)
    where = shlex.quote(str(prefix))
    mend = f"run `samebits env build {manifest.name} {where}{_option(manifest)} --force`"
    paths = listing(prefix)
    try:
        # taken before the hashing, so that a change during it shows next time
        verified = VerifiedState.of(prefix, paths)
        if not (cached and verified.holds()):
            _compare(prefix, manifest, [path for path in paths if path != FILE], mend)
            verified.keep()
    except OSError as error:
        raise Refused(f"{error.filename}: cannot be read: {error.strerror}; {mend}") from None
    python = backends.load(manifest.backend).python_version(prefix, manifest)
    if python != manifest.python:
        was = f"was built on Python {manifest.python}, which has become {python or 'unusable'}"
        raise Refused(f"environment {manifest.name} in {prefix} {was}; {mend}")
    return manifest


def _compare(prefix: Path, manifest: Manifest, paths: list[str], mend: str) -> None:
    current = digests(prefix, paths)
    differences = [
        *(f"{path} changed" for path in paths if current[path] != manifest.files.get(path, current[path])),
        *(f"{path} is missing" for path in sorted(set(manifest.files) - set(current))),
        *(f"{path} was added" for path in paths if path not in manifest.files),
    ]
    if differences:
        shown = ", ".join(differences[:SHOWN]) + (", …" if len(differences) > SHOWN else "")
        files = "1 file differs" if len(differences) == 1 else f"{len(differences)} files differ"
        raise Refused(
            f"environment {manifest.name} in {prefix}: {files} from when it was built: {shown}; {mend}"
        )


def _option(manifest: Manifest) -> str:
    """Return the option that names a backend on the command line; the default needs none."""
    return "" if manifest.backend == backends.DEFAULT else f" --backend {manifest.backend}"
