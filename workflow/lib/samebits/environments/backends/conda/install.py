"""Install an environment from ``conda-lock.yml`` and ``requirements.lock``; nothing is ever solved here."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from samebits.environments.backends.backend import interpreter_version
from samebits.environments.backends.conda.integrity import check as check_contents
from samebits.environments.backends.conda.package_cache import Package, fetch
from samebits.environments.backends.conda.shim import CONDA, executable
from samebits.environments.backends.conda.solve import here, read_lock
from samebits.environments.backends.conda.wheels import install_upon
from samebits.environments.listing import digests, listing
from samebits.environments.lock import read_lock as read_pip_lock
from samebits.environments.manifest import Manifest, content_digest
from samebits.environments.size import announce
from samebits.environments.specification import Source, specification
from samebits.sealed.errors import Refused


def install(source: Source, prefix: Path, key: int, lock: str) -> Manifest:
    """Install both locks, whose digest is ``lock``, into an empty prefix and check every file.

    Raises:
        Refused: a package cannot be had or is not what its lock says.
    """
    packages, pins = read_lock(source, here()), read_pip_lock(source)
    announce(source, len(packages) + len(pins), prefix)
    archives = fetch(packages)
    _create(source, prefix, packages, archives)
    install_upon(source, prefix, key)
    _compile(prefix, specification(source).python)
    files = digests(prefix, listing(prefix))
    inside = {path: digest for path, digest in files.items() if not path.startswith(".samebits")}
    packaged = check_contents(source, prefix, packages, pins, inside)
    python = interpreter_version(prefix)
    return Manifest(
        name=source.name,
        lock=lock,
        python=python,
        digest=content_digest(python, files, packaged),
        packages={each.name: each.version for each in packages} | pins,
        files=files,
        backend="conda",
        packaged=packaged,
    )


def _create(source: Source, prefix: Path, packages: list[Package], archives: list[Path]) -> None:
    """Let conda install exactly the given files: an explicit list is never solved."""
    with tempfile.TemporaryDirectory() as scratch:
        explicit = Path(scratch) / "explicit.txt"
        # a conda of the user's gets what is already checked; it could not know a mirror or SHA-256
        lines = [f"{archive.absolute().as_uri()}#{_md5(archive)}" for archive in archives]
        if not os.environ.get(CONDA):
            lines = [f"{each.url}#{each.sha256}" for each in packages]
        explicit.write_text("\n".join(["@EXPLICIT", *lines]) + "\n")
        command = [executable(Path(scratch)), "create", "--yes", "--quiet", "--prefix", str(prefix)]
        done = subprocess.run(
            [*command, "--file", str(explicit)],
            env={**os.environ, "CONDA_ALWAYS_COPY": "true", "MAMBA_ALWAYS_COPY": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    if done.returncode:
        message = " ".join(done.stdout.split())[-400:]
        raise Refused(f"environment {source.name}: {command[0]} could not install it: {message}")


def _md5(path: Path) -> str:
    """Return the only hash that every conda knows in a list of packages."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _compile(prefix: Path, python: str) -> None:
    """Compile every module, as uv does: bytecode that depends on no time and is never written again."""
    command = [str(prefix / "bin" / "python"), "-sPm", "compileall", "-q", "-f", "-j0"]
    command += ["--invalidation-mode", "unchecked-hash", str(prefix / "lib" / f"python{python}")]
    # its status is ignored: packages bring templates and tests that are not Python 3 and are never imported
    subprocess.run(command, env={"PYTHONHASHSEED": "0"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_prefix(source: Source, prefix: Path) -> None:
    """Check an environment that something else installed, such as Snakemake's ``--sdm conda``.

    Raises:
        Refused: it is not what the locks say; a fresh solve is told by its first other package.
    """
    prefix = prefix.resolve()
    if not (prefix / "conda-meta").is_dir():
        raise Refused(f"{prefix} is no conda environment: run Snakemake with `--sdm conda`")
    files = digests(prefix, listing(prefix))
    check_contents(source, prefix, read_lock(source, here()), read_pip_lock(source), files)
