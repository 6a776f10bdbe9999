"""``conda-lock.yml``: every conda package of an environment, with its URL and hash, for each platform.

conda-lock 4 writes it. It has no solver of its own but calls a conda: ``front``, or the one that
``SAMEBITS_CONDA`` names. The wheels of the ``pip:`` list are not in it: uv locks them, for all backends.
"""

import platform
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from samebits.environments import uv
from samebits.environments.backends.conda.package_cache import Package
from samebits.environments.backends.conda.shim import executable
from samebits.environments.lock import ORIGIN, write_file
from samebits.environments.lock import write_lock as write_pip_lock
from samebits.environments.specification import Source, specification
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused


def here() -> str:
    """Return this machine's platform as conda names it, ``linux-64``."""
    return {"x86_64": "linux-64", "aarch64": "linux-aarch64"}.get(platform.machine(), platform.machine())


def write_lock(source: Source) -> None:
    """Solve ``environment.yaml``; write ``conda-lock.yml``, Snakemake's files and ``requirements.lock``.

    Raises:
        Refused: a channel or a package cannot be had, or the packages do not fit together.
    """
    wanted = specification(source)
    if not wanted.channels:
        raise Refused(f"{source.specification}: names no channels; add `channels: [conda-forge]`")
    uv.say(f"environment {source.name}: solving {len(wanted.conda)} conda packages")
    with tempfile.TemporaryDirectory() as scratch:
        lock = _solve(source, Path(scratch))
        text = f"# environment.yaml {file_digest(source.specification)}\n" + lock.read_text()
        _parse(source, text)
        write_file(source.conda_lock, text)
    for each in wanted.platforms:
        write_file(pin_file(source, each), _pins(source, each))
    if wanted.requirements:
        write_file(post_deploy(source), _post_deploy(source))
    write_pip_lock(source, provided(source) if wanted.conda_only else None)


def _solve(source: Source, scratch: Path) -> Path:
    """Run conda-lock in an empty folder; return the lock that it wrote."""
    wanted = specification(source)
    document = {"name": source.name, "channels": list(wanted.channels), "dependencies": list(wanted.conda)}
    (scratch / "environment.yaml").write_text(
        yaml.safe_dump({**document, "platforms": list(wanted.platforms)}, sort_keys=False)
    )
    (scratch / "names.json").write_text("{}")  # PyPI's names of conda packages, which it would download
    command = [sys.executable, "-m", "conda_lock", "lock", "--conda", executable(scratch)]
    command += ["--file", "environment.yaml", "--lockfile", "conda-lock.yml", "--without-cuda"]
    command += ["--pypi_to_conda_lookup_file", (scratch / "names.json").as_uri()]
    done = subprocess.run(
        command, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if done.returncode:
        raise Refused(
            f"environment {source.name} cannot be locked for conda: {_cause(done.stdout)}; correct "
            f"{source.specification}, or see that its channels can be reached"
        )
    return scratch / "conda-lock.yml"


def _cause(output: str) -> str:
    """Find in conda-lock's output what its conda said, on one line."""
    match = re.search(r"Could not lock the environment for platform (\S+)\n(.*?)\n\s+Command: ", output, re.S)
    text = f"{match[1]}: {match[2]}" if match else output.strip().rpartition("\n")[2]
    line = " ".join(re.sub(r"[│├└─]+", " ", text).split()).rstrip(".")
    return line if len(line) <= 400 else line[:400] + " …"


def read_lock(source: Source, subdir: str) -> list[Package]:
    """Read the packages of a lock for one platform, sorted by name.

    Raises:
        Refused: there is no lock, it is out of step with its source or for other platforms, or a package has
            no SHA-256.
    """
    if not source.conda_lock.is_file():
        raise Refused(f"{source.conda_lock} is missing: run `samebits lock {source.name}`")
    text = source.conda_lock.read_text(encoding="utf-8", errors="replace")
    entries = [each for each in _parse(source, text) if each["platform"] == subdir]
    if not entries:
        raise Refused(
            f"{source.conda_lock} locks nothing for {subdir}, this machine's platform: add it to `platforms` "
            f"in {source.specification} and run `samebits lock {source.name}`"
        )
    return [
        Package(each["name"], str(each["version"]), each["url"], f"sha256:{each['hash']['sha256']}")
        for each in sorted(entries, key=lambda each: str(each["name"]))
    ]


def _parse(source: Source, text: str) -> list[dict[str, Any]]:
    """Return the entries of a lock, each with all that is read of it."""
    mend = f"run `samebits lock {source.name}`"
    origins = [match[1] for line in text.splitlines() if (match := ORIGIN.fullmatch(line))]
    if origins != [file_digest(source.specification)]:
        raise Refused(f"{source.conda_lock} was not made from {source.specification} as it is now: {mend}")
    try:
        document = yaml.safe_load(text)
        entries: list[dict[str, Any]] = document["package"]
        for each in entries:
            hashed = re.fullmatch("[0-9a-f]{64}", each["hash"].get("sha256") or "")
            if each["manager"] != "conda" or not each["platform"] or not hashed:
                raise Refused(
                    f"{source.conda_lock}: {each['name']} is no conda package with a SHA-256: {mend}"
                )
            if not re.fullmatch(r"[^\s#]+/[^\s/#]+\.(conda|tar\.bz2)", each["url"]):
                raise Refused(f"{source.conda_lock}: {each['name']} has no URL of a package: {mend}")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise Refused(f"{source.conda_lock} is damaged: {mend}") from None
    return entries


def provided(source: Source) -> dict[str, str]:
    """Return the locked conda packages that are Python packages: name -> version.

    conda's names are assumed to be PyPI's. Where they differ, the wheel is installed beside the conda
    package, and the check after the installation refuses two packages of one name.
    """
    entries = _parse(source, source.conda_lock.read_text(encoding="utf-8"))
    return {
        str(each["name"]): str(each["version"])
        for each in entries
        if "python" in each["dependencies"] and each["name"] != "pip"
    }


def pin_file(source: Source, subdir: str) -> Path:
    """Return where Snakemake's ``--sdm conda`` looks for an environment's exact packages."""
    return source.folder / f"environment.{subdir}.pin.txt"


def _pins(source: Source, subdir: str) -> str:
    """List exact packages as conda reads them; with MD5, since not every conda knows SHA-256 there."""
    entries = _parse(source, source.conda_lock.read_text(encoding="utf-8"))
    lines = [f"{each['url']}#{each['hash']['md5']}" for each in entries if each["platform"] == subdir]
    return "\n".join(["# Written by `samebits lock`; do not edit.", "@EXPLICIT", *sorted(lines)]) + "\n"


def post_deploy(source: Source) -> Path:
    """Return the script that Snakemake's ``--sdm conda`` runs after it has installed the pinned packages."""
    return source.folder / "environment.post-deploy.sh"


def _post_deploy(source: Source) -> str:
    """Write the wheels' installation as Snakemake's script."""
    return (
        "#!/usr/bin/env bash\n# Written by `samebits lock`; do not edit.\nset -euo pipefail\n"
        f'samebits env wheels {shlex.quote(source.name)} "$CONDA_PREFIX"\n'
    )
