"""The backends that install environments, each a module that is loaded when it is asked for."""

from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol, get_args

from samebits.environments.extras import need
from samebits.environments.manifest import Manifest
from samebits.environments.specification import Source

BackendName = Literal["pip", "conda", "container"]
NAMES: tuple[BackendName, ...] = get_args(BackendName)


class Backend(Protocol):
    """What a backend's module has."""

    def check(self, source: Source) -> None:
        """Refuse what this backend cannot install here."""

    def lock_digest(self, source: Source) -> str:
        """Name by ``sha256:…`` all that an environment is made from."""

    def install(self, source: Source, prefix: Path, key: int) -> Manifest:
        """Install into an empty prefix and check every file; ``key`` is a file that keeps others out."""


def need_conda() -> None:
    """Refuse to go on without the extra of the backend ``conda``."""
    need("conda", "conda_lock", "conda_package_streaming", "rattler")


def load(name: str) -> Backend:
    """Return a backend by its name.

    Raises:
        Refused: what it needs is not installed.
    """
    if name == "conda":
        need_conda()
    module: Backend = import_module(f"{__name__}.{name}" if name == "pip" else f"{__name__}.{name}.install")
    return module
