"""Where downloads and base images are kept; what lies there is hashed whenever it is used."""

import os
from pathlib import Path


def kept(kind: str) -> Path:
    """Return the folder for one kind of files: below ``SAMEBITS_PACKAGES``, or in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SAMEBITS_PACKAGES") or Path(home) / "samebits") / kind
