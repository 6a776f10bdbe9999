"""The backends that install environments, each a module or folder of its own with one class.

``backend`` says what they have in common. A backend is imported when it is asked for, and what only some
users have installed, when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Literal, get_args

from samebits.sealed.errors import Refused

if TYPE_CHECKING:
    from samebits.environments.backends.backend import Backend

#: all backends; a module here has the name of its backend
BackendName = Literal["pip", "conda", "container"]
NAMES: tuple[BackendName, ...] = get_args(BackendName)

#: the backend if none is named
DEFAULT: BackendName = "pip"

#: the backend that writes all locks there are
LOCKS_ALL = "conda"

#: the backend whose environments are images, on which a serving image stands
IMAGES = "container"


def load(name: str) -> "Backend":
    """Return a backend by its name.

    Raises:
        Refused: there is none of this name.
    """
    if name not in NAMES:
        raise Refused(f"unknown backend {name!r}; known: {', '.join(NAMES)}")
    backend: Backend = import_module(f"{__name__}.{name}").BACKEND
    return backend


def folders() -> dict[str, str]:
    """Return the folders of environments in the cache -> the backend that installs what lies there."""
    return {load(name).folder: name for name in NAMES}
