"""What a backend is: all that differs between environments that are installed in different ways.

Code that locks, builds, checks or lists an environment, or starts a process in it, asks its backend and never
its kind. What is said here holds for an environment that lies in its prefix as files; ``container`` has
another answer to some of it.
"""

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from samebits.environments.extras import need
from samebits.environments.lock import read_hashes, read_lock, write_lock
from samebits.environments.manifest import Manifest, content_digest
from samebits.environments.specification import Source


@dataclass(frozen=True, kw_only=True)
class Process:
    """A measured process, before it is known how it is started in an environment.

    Attributes:
        command: its command line, with the interpreter of the environment's prefix.
        variables: all its variables.
        readable: files and folders besides the environment that it may read.
        writable: the one folder that it may write.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    readable: Sequence[Path]
    writable: Path


@dataclass(frozen=True, kw_only=True)
class LockedPackage:
    """A package as a lock holds it, for a bill of materials.

    Attributes:
        type: where its name comes from, as package URLs write it: ``pypi`` or ``conda``.
        name: its name there.
        version: its version.
        hashes: SHA-256 in hex of the files that the lock accepts.
        page: where these files lie, if one of several is installed; empty if there is but one.
        qualifiers: what else a package URL needs to name it.
    """

    type: str
    name: str
    version: str
    hashes: Sequence[str]
    page: str = ""
    qualifiers: Mapping[str, str] = field(default_factory=dict)


class Backend(ABC):
    """What installs environments, and knows how to use them afterwards.

    Attributes:
        name: what a config and a command line call it.
        folder: where its environments lie in the cache; no two backends share one.
        no_gpu: why a process in such an environment has no GPU; empty if it can have one.
        extra: the extra of samebits that is needed to lock and install, though not to use an environment.
        modules: what the extra brings.
    """

    name: ClassVar[str]
    folder: ClassVar[str]
    no_gpu: ClassVar[str] = ""
    extra: ClassVar[str] = ""
    modules: ClassVar[tuple[str, ...]] = ()

    def require(self) -> None:
        """Refuse to go on where the backend's extra is not installed.

        Raises:
            Refused: it is not; the message says how to install it.
        """
        need(self.extra, *self.modules)

    @abstractmethod
    def check(self, source: Source) -> None:
        """Refuse what this backend cannot install here.

        Raises:
            Refused: a lock is not fit, or something is missing on this machine.
        """

    @abstractmethod
    def install(self, source: Source, prefix: Path, key: int) -> Manifest:
        """Install into an empty prefix and check every file; ``key`` is a file that keeps others out.

        Raises:
            Refused: a package cannot be had, or is not what its lock says.
        """

    @abstractmethod
    def lock_digest(self, source: Source) -> str:
        """Name by ``sha256:…`` all that an environment is made from."""

    def locks(self, source: Source) -> list[Path]:
        """Return the lock files that it installs."""
        return [source.lock]

    def write_lock(self, source: Source) -> None:
        """Solve ``environment.yaml`` anew and write the locks.

        Raises:
            Refused: a package cannot be had, or the packages do not fit together.
        """
        write_lock(source)

    def packages(self, source: Source) -> Iterable[LockedPackage]:
        """Yield what the locks hold for this machine. All backends install the wheels.

        Raises:
            Refused: a lock is missing or out of step.
        """
        hashes = read_hashes(source)
        for name, version in read_lock(source).items():
            page = f"https://pypi.org/simple/{name}/"
            yield LockedPackage(type="pypi", name=name, version=version, hashes=hashes[name], page=page)

    def digest(self, manifest: Manifest) -> str:
        """Return what the digest of an environment has to be by the files that its manifest lists."""
        return content_digest(manifest.python, manifest.files, manifest.packaged)

    def python_version(self, prefix: Path, manifest: Manifest) -> str:
        """Return the full version of the Python that a process in the environment would get now.

        The interpreter of a prefix may be a link to one outside of it, which an upgrade can replace.
        """
        return interpreter_version(prefix)

    def command(self, prefix: Path, manifest: Manifest, process: Process) -> tuple[list[str], dict[str, str]]:
        """Return with which command line and variables a process is started in the environment.

        Raises:
            Refused: it cannot be started.
        """
        return list(process.command), dict(process.variables)


def interpreter_version(prefix: Path) -> str:
    """Ask a prefix's interpreter for its full version; empty if it does not run."""
    command = [str(prefix / "bin" / "python"), "-ISc", "import sys; print(sys.version.split()[0])"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
