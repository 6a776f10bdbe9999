"""The backend ``conda``: packages of ``conda-lock.yml``, and the wheels of ``requirements.lock`` upon them.

No conda installation is needed: ``front`` is a conda command line on py-rattler, which conda-lock solves with
and which installs. An existing conda or mamba takes its place where ``SAMEBITS_CONDA`` names it.

The extra ``conda`` may be missing where such an environment is only used, so its parts are imported when they
are needed.
"""

from collections.abc import Iterator
from pathlib import Path

from samebits.environments.backends.backend import Backend, LockedPackage
from samebits.environments.lock import read_lock
from samebits.environments.manifest import Manifest
from samebits.environments.specification import Source
from samebits.sealed.digest import file_digest, files_digest


class Conda(Backend):
    """Installs both locks, ``conda-lock.yml`` and ``requirements.lock``."""

    name = "conda"
    folder = "envs/conda"
    extra = "conda"
    modules = ("conda_lock", "conda_package_streaming", "rattler")

    def check(self, source: Source) -> None:
        """Refuse locks that are not fit for this machine.

        Raises:
            Refused: one is missing, damaged, out of step with its source, or for other platforms.
        """
        self.require()
        from samebits.environments.backends.conda import solve

        solve.read_lock(source, solve.here())
        read_lock(source)

    def locks(self, source: Source) -> list[Path]:
        """Return both locks."""
        return [source.lock, source.conda_lock]

    def lock_digest(self, source: Source) -> str:
        """Name what an environment is made from: both locks."""
        return files_digest({path.name: file_digest(path) for path in self.locks(source)})

    def write_lock(self, source: Source) -> None:
        """Solve ``environment.yaml`` anew and write both locks, and the files of Snakemake's ``--sdm conda``.

        Raises:
            Refused: a channel or a package cannot be had, or the packages do not fit together.
        """
        self.require()
        from samebits.environments.backends.conda import solve

        solve.write_lock(source)

    def install(self, source: Source, prefix: Path, key: int) -> Manifest:
        """Install both locks into an empty prefix and check every file.

        Raises:
            Refused: a package cannot be had or is not what its lock says.
        """
        from samebits.environments.backends.conda import install

        return install.install(source, prefix, key, self.lock_digest(source))

    def check_prefix(self, source: Source, prefix: Path) -> None:
        """Check an environment that something else installed, such as Snakemake's ``--sdm conda``.

        Raises:
            Refused: it is not what the locks say.
        """
        self.check(source)
        from samebits.environments.backends.conda import install

        install.check_prefix(source, prefix)

    def packages(self, source: Source) -> Iterator[LockedPackage]:
        """Yield the wheels, and the conda packages for this machine's platform."""
        from samebits.environments.backends.conda import solve

        yield from super().packages(source)
        for package in solve.read_lock(source, solve.here()):
            yield LockedPackage(
                type="conda",
                name=package.name,
                version=package.version,
                hashes=[package.sha256.removeprefix("sha256:")],
                qualifiers={"build": package.build, "channel": package.channel, "subdir": package.subdir},
            )


BACKEND = Conda()
