"""Where downloads and base images are kept; what lies there is hashed whenever it is used."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def folder(kind: str) -> Path:
    """Return the folder for one kind of files: below ``SAMEBITS_PACKAGES``, or in the user's cache."""
    named = os.environ.get("SAMEBITS_PACKAGES")
    return (Path(named) if named else user_cache_path("samebits")) / kind
