"""Where channels lie: locks name them as everybody does, and a mirror only changes where they are fetched."""

import os
import re

from samebits.sealed.errors import Refused

HOME = "https://conda.anaconda.org/"
#: a URL that stands for ``HOME`` when anything is fetched, such as a company's mirror or a folder
MIRROR = "SAMEBITS_CONDA_MIRROR"


def located(url: str) -> str:
    """Return from where to fetch what a lock calls ``url``; a ``${NAME}`` in it is a variable.

    Raises:
        Refused: the variable is not set.
    """
    if missing := [name for name in re.findall(r"\$\{?(\w+)", url) if name not in os.environ]:
        raise Refused(f"the channel {url} needs the variable {missing[0]}: set it to where the channel lies")
    url = os.path.expandvars(url)
    mirror = os.environ.get(MIRROR)
    return mirror.rstrip("/") + "/" + url.removeprefix(HOME) if mirror and url.startswith(HOME) else url


def channel_url(name: str) -> str:
    """Return the URL that locks hold for a channel: ``conda-forge`` is one of anaconda.org."""
    return name if "://" in name or name.startswith("$") else HOME + name


def canonical(url: str) -> str:
    """Return the URL that a lock holds for what was fetched from ``url``."""
    mirror = os.environ.get(MIRROR)
    return HOME + url.removeprefix(mirror.rstrip("/") + "/") if mirror and url.startswith(mirror) else url
