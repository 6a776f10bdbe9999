"""``<prefix>/environment.json``: the record of an environment that was installed and checked, file by file.

It is written last, so a prefix without it is half built. It holds no time and not the prefix's own path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from samebits.sealed.digest import files_digest

FORMAT = "samebits-environment/1"
FILE = "environment.json"
#: says that a folder is ours to remove
MARKER = ".samebits-environment"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What stands in a prefix.

    Attributes:
        name: the environment's name.
        lock: ``sha256:…`` of the lock that was installed.
        python: the interpreter's full version, ``3.11.7``.
        digest: ``sha256:…`` of the content; equal wherever the same lock gave the same files.
        packages: name -> version.
        files: path relative to the prefix -> ``sha256:…``, or ``-> target`` for a link.
        backend: what installed it, one of ``backends.NAMES``.
        packaged: files of conda packages -> ``sha256:…`` in their package, before the prefix was written
            into them.
    """

    name: str
    lock: str
    python: str
    digest: str
    packages: dict[str, str]
    files: dict[str, str]
    backend: str
    packaged: dict[str, str] = field(default_factory=dict)
    format: str = FORMAT


def content_digest(python: str, files: Mapping[str, str], packaged: Mapping[str, str] | None = None) -> str:
    """Name the content of an environment, whatever path it lies at and whenever it was built.

    That is the Python minor version and the files that came out of the wheels and conda packages. Left out is
    what the installation makes: the virtual environment's own files and launchers (``bin/``; they hold the
    prefix's path), compiled bytecode (it holds the path of its source), RECORD (it lists the launchers'
    hashes) and conda's records (they hold the path of the cache).

    Args:
        python: the full version of the interpreter.
        files: as in ``Manifest.files``.
        packaged: as in ``Manifest.packaged``.
    """
    content = {path: value for path, value in files.items() if _is_content(path)} | dict(packaged or {})
    return files_digest({"python": ".".join(python.split(".")[:2]), **content})


def _is_content(path: str) -> bool:
    """Say whether a file came out of a wheel unchanged. Only files in folders did, but not those in bin/."""
    top, _, rest = path.partition("/")
    generated = "__pycache__/" in path or path.endswith(".dist-info/RECORD")
    return bool(rest) and top not in ("bin", "conda-meta") and not generated
