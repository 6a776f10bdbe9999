"""Locked environments: the packages that a measured process runs on, installed and checked file by file.

``envs/<name>/environment.yaml`` is written by hand, ``requirements.lock`` beside it by ``write_lock``.
``build`` installs the lock into a prefix and records every file in ``<prefix>/environment.json``; ``verify``
holds the prefix against that record. uv does the resolving and installing.
"""

from samebits.environments.build import build
from samebits.environments.lock import check_lock, write_lock
from samebits.environments.manifest import Manifest, read
from samebits.environments.source import Source, find, known
from samebits.environments.verify import verify

__all__ = ["Manifest", "Source", "build", "check_lock", "find", "known", "read", "verify", "write_lock"]
