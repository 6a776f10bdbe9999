"""Locked environments: the packages that a measured process runs on, installed and checked file by file.

``envs/<name>/environment.yaml`` is written by hand; ``requirements.lock`` beside it by ``write_lock``, and
``conda-lock.yml`` by the backend ``conda``. ``build`` installs the locks into a prefix by one of the
``backends`` and records every file in ``<prefix>/environment.json``; ``verify`` holds the prefix against it,
and ``confirm`` does so without hashing what nobody has touched since.
"""

from samebits.environments import backends
from samebits.environments.build import build
from samebits.environments.lock import check_lock, write_lock
from samebits.environments.manifest import Manifest
from samebits.environments.manifest_file import read
from samebits.environments.specification import Source, find, known
from samebits.environments.verify import confirm, verify

__all__ = [
    "Manifest",
    "Source",
    "backends",
    "build",
    "check_lock",
    "confirm",
    "find",
    "known",
    "read",
    "verify",
    "write_lock",
]
