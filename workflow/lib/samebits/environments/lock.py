"""``requirements.lock``: every package of an environment with its version and the hashes of its files.

The format is pip's requirements file, so ``pip install --require-hashes -r requirements.lock`` reads it too,
but narrower: comments, ``name==version`` and ``--hash=sha256:…``, and nothing else. So a lock can hold no
path, URL or option.
"""

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from samebits.environments import uv
from samebits.environments.size import measure
from samebits.environments.specification import Source, specification
from samebits.sealed import files
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

#: what the locks are for. Wheels for it also run on newer systems; others need a lock of their own.
PLATFORM = "x86_64-manylinux_2_28"

ORIGIN = re.compile(r"# environment\.yaml (sha256:[0-9a-f]{64})")
PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==([\w.+!-]+)((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*(#.*)?")


def write_lock(source: Source, provided: Mapping[str, str] | None = None) -> None:
    """Resolve ``environment.yaml`` to the newest versions that fit, and write ``requirements.lock``.

    Args:
        source: the environment.
        provided: Python packages that conda installs: name -> version. They are taken as given and left out.

    Raises:
        Refused: the specification is not fit to be locked, or a package cannot be found.
    """
    wanted = specification(source)
    if wanted.conda_only and provided is None:
        raise Refused(
            f"{source.specification}: the pip backend cannot install {wanted.conda_only[0]!r}: move it to "
            f"the `pip:` list, or lock it for the backend conda by `samebits lock {source.name}`"
        )
    uv.say(f"environment {source.name}: resolving {len(wanted.requirements)} requirements")
    target = ["--python-version", wanted.python, "--python-platform", PLATFORM]
    target += ["--no-build"]  # what is built from one source differs between machines
    arguments = [
        "pip",
        "compile",
        "-",
        "--no-header",
        "--generate-hashes",
        "--python",
        sys.executable,
        *target,
    ]
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        for name, version in (provided or {}).items():
            constraints.write(f"{name}=={version}\n")
            arguments += ["--no-emit-package", name]
        constraints.flush()
        arguments += ["--constraints", constraints.name, "--no-annotate"] if provided else []
        try:
            uv.run(arguments, indexes=wanted.indexes, stdin="\n".join(wanted.requirements), stdout=output)
        except uv.UvFailed as error:
            raise Refused(
                f"environment {source.name} cannot be locked: {error}; correct {source.specification}, or "
                "put the wheel into a folder that PIP_FIND_LINKS names"
            ) from None
        output.seek(0)
        pins = output.read().decode()
    size = measure(pins, target, wanted.indexes)
    header = (
        f"# Written by `samebits env lock {source.name}`; do not edit.\n"
        f"# environment.yaml {file_digest(source.specification)}\n"
        f"# Python {wanted.python}, {PLATFORM}\n"
    ) + (f"# {size} bytes to download\n" if size else "")
    _parse(source, header + pins)
    write_file(source.lock, header + pins)


def write_file(path: Path, text: str) -> None:
    """Write what is made of an environment's description, whole or not at all; make its folder.

    Raises:
        Refused: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text, shared=True)
    except OSError as error:
        raise Refused(f"{path}: cannot be written: {error.strerror}") from None


def check_lock(source: Source) -> None:
    """Check that the lock is there, in step with ``environment.yaml``, and pins hashes and nothing else.

    Raises:
        Refused: it is not; the message names the line.
    """
    read_lock(source)


def read_lock(source: Source) -> dict[str, str]:
    """Read a lock that ``check_lock`` accepts: package name -> version.

    Raises:
        Refused: as ``check_lock``.
    """
    if not source.lock.is_file():
        raise Refused(f"{source.lock} is missing: run `samebits env lock {source.name}`")
    return _parse(source, source.lock.read_bytes().decode(errors="replace"))


def read_hashes(source: Source) -> dict[str, list[str]]:
    """Read the hashes of a lock: package name -> SHA-256 in hex of each file that is accepted.

    Raises:
        Refused: as ``check_lock``.
    """
    read_lock(source)
    lines = source.lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    matches = [match for line in lines if (match := PIN.fullmatch(line))]
    return {match[1]: re.findall(r"sha256:([0-9a-f]{64})", match[3]) for match in matches}


def _parse(source: Source, text: str) -> dict[str, str]:
    """Read a text as the source's lock."""
    wanted = specification(source)
    mend = f"run `samebits env lock {source.name}`"
    lines = text.replace("\\\n", "").splitlines()
    origins = [match[1] for line in lines if (match := ORIGIN.fullmatch(line))]
    if origins != [file_digest(source.specification)]:
        raise Refused(f"{source.lock} was not made from {source.specification} as it is now: {mend}")
    pins: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = PIN.fullmatch(line)
        if match is None or match[1] in pins:
            raise Refused(f"{source.lock}: not a locked package: {' '.join(line.split())[:80]!r}: {mend}")
        if not match[3]:
            raise Refused(f"{source.lock}: {match[1]}=={match[2]} has no hash: {mend}")
        pins[match[1]] = match[2]
    if not pins and wanted.requirements:
        raise Refused(f"{source.lock} locks no package: {mend}")
    return pins
