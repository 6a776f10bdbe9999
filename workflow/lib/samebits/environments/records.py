"""What the wheels themselves say: each installed package's RECORD lists its files with their hashes."""

import base64
import csv
import hashlib
import os
import re
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path

from packaging.utils import canonicalize_name, canonicalize_version

from samebits.sealed.errors import Refused


def check_installed(
    name: str, prefix: Path, site: Path, pins: Mapping[str, str], files: Mapping[str, str]
) -> None:
    """Check that a prefix holds the locked packages, each as its RECORD lists it, and nothing else.

    Args:
        name: the environment's name, for errors.
        prefix: the environment's folder.
        site: its ``site-packages``.
        pins: the lock: package -> version.
        files: what the installation added to the empty prefix: relative path -> ``sha256:…``.

    Raises:
        Refused: it does not; the message names the package or the file.
    """
    here = os.path.relpath(site, prefix)
    folders = sorted(path for path in site.glob("*.dist-info") if f"{here}/{path.name}/METADATA" in files)
    installed = [Distribution.at(path) for path in folders]
    present = sorted(_pin(each.name, each.version) for each in installed)
    locked = sorted(_pin(package, version) for package, version in pins.items())
    if present != locked:
        other = sorted(set(present) ^ set(locked)) or present
        raise Refused(
            f"environment {name}: {other[0]} is in only one of the lock and {prefix}: {_mend(name)}"
        )
    listed: set[str] = set()
    for distribution in installed:
        listed |= _check_record(name, prefix, site, distribution, files)
    # uv compiles every module at the end of the installation; RECORDs do not list that
    rest = [path for path in files if path not in listed and not _is_bytecode_of(path, listed)]
    if rest:
        raise Refused(f"environment {name}: no package lists {rest[0]} ({len(rest)} such): {_mend(name)}")


def _check_record(
    name: str, prefix: Path, site: Path, distribution: Distribution, files: Mapping[str, str]
) -> set[str]:
    """Check one package's files; return the paths it lists, relative to the prefix."""
    package = canonicalize_name(distribution.name)
    listed = set()
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        path, expected = (*row, "", "")[:2]
        relative = os.path.relpath(site / path, prefix)
        listed.add(relative)
        if "__pycache__" in relative:
            continue  # a wheel's own bytecode, replaced by ours
        if relative not in files:
            raise Refused(f"environment {name}: {package} lacks its file {relative}: {_mend(name, package)}")
        if not _is_as_listed(prefix / relative, files[relative], expected):
            raise Refused(
                f"environment {name}: {relative} is not as {package} lists it: {_mend(name, package)}"
            )
    return listed


def _is_as_listed(path: Path, digest: str, expected: str) -> bool:
    """Compare a file with its entry in RECORD: ``sha256=`` and URL-safe base64 without padding."""
    algorithm, _, value = expected.partition("=")
    if not algorithm:
        return path.name == "RECORD"  # it cannot hold its own hash; every other file must have one
    if algorithm == "sha256":
        actual = bytes.fromhex(digest.removeprefix("sha256:"))
    elif algorithm in ("sha384", "sha512"):
        actual = hashlib.new(algorithm, path.read_bytes()).digest()
    else:
        return False
    return base64.urlsafe_b64encode(actual).decode().rstrip("=") == value


def _mend(name: str, package: str = "") -> str:
    cache = f"run `uv cache clean {package}`, as uv's cache may be damaged, then " if package else "run "
    return f"{cache}`samebits env build {name}` again"


def _is_bytecode_of(path: str, listed: set[str]) -> bool:
    """Say whether a file is a listed module compiled: ``a/__pycache__/b.cpython-311.pyc`` is ``a/b.py``."""
    match = re.fullmatch(r"(.*/)__pycache__/([^/]+)\.cpython-\d+\.pyc", path)
    return match is not None and f"{match[1]}{match[2]}.py" in listed


def _pin(name: str, version: str) -> str:
    """Spell a package as locks do: some wheels' metadata still say 2024.01.05 where PEP 440 has 2024.1.5."""
    return f"{canonicalize_name(name)}=={canonicalize_version(version, strip_trailing_zero=False)}"
