"""Read and write ``<prefix>/environment.json``; what is read is held against its own digest."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path

from samebits.environments import backends
from samebits.environments.manifest import FILE, FORMAT, Manifest
from samebits.sealed import files
from samebits.sealed.digest import canonical_json
from samebits.sealed.errors import Refused


def read(prefix: Path) -> Manifest:
    """Read a prefix's manifest, without a look at the files it names.

    Raises:
        Refused: there is none, or it is damaged.
    """
    path = prefix / FILE
    build = f"run `samebits env build NAME {shlex.quote(str(prefix))}"
    try:
        fields = json.loads(path.read_bytes())
        if fields.get("format") != FORMAT:
            raise Refused(
                f"{path}: its format is {fields.get('format')!r}, this is {FORMAT!r}: {build} --force`"
            )
        manifest = Manifest(**fields)
        digest = backends.load(manifest.backend).digest(manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(f"{prefix} is no finished environment, it has no {FILE}: {build}`") from None
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError):
        raise Refused(f"{path} is damaged: {build} --force`") from None
    if digest != manifest.digest:
        raise Refused(f"{path} is damaged: its digest does not fit its files: {build} --force`")
    return manifest


def write(prefix: Path, manifest: Manifest) -> None:
    """Write a prefix's manifest: whole or, if power fails, not at all."""
    files.write(prefix / FILE, canonical_json(asdict(manifest)))
