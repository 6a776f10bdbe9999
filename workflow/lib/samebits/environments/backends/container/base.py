"""The system below an environment: an image that is named by its digest, or Debian packages by mmdebstrap.

mmdebstrap takes the packages from this machine's own apt sources, so that no mirror is named here. It makes
the same bytes until Debian updates one of them. Therefore a base is made once and kept, and is part of the
digest of every image that stands on it.
"""

import os
import re
from pathlib import Path

from samebits.environments import download_cache, uv
from samebits.environments.backends.container import layers
from samebits.environments.backends.container.programs import call, need
from samebits.sealed import files
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused
from samebits.sealed.locks import turn

#: an image to build upon, NAME@sha256:…; it must have the environment's Python as /usr/bin/python3.N
BASE = "SAMEBITS_BASE_IMAGE"
PACKAGES = ("libgomp1", "libstdc++6", "python3")


def setting() -> str:
    """Return in one line which base is used; part of what an environment is made from.

    Raises:
        Refused: an image is named without its digest.
    """
    if named := os.environ.get(BASE):
        if re.fullmatch(r"[\w.:/-]+@sha256:[0-9a-f]{64}", named):
            return named
        raise Refused(f"{BASE} is {named!r}: name the image by its digest, NAME@sha256:…")
    return f"{_release()} {' '.join(PACKAGES)}"


def root() -> Path | None:
    """Return the base system as a tar file; None if an image is named.

    Raises:
        Refused: mmdebstrap is missing or fails.
    """
    described = setting()
    if os.environ.get(BASE):
        return None
    path = download_cache.folder("bases") / f"{described.replace(' ', '_')}.tar"
    with turn(path, f"{path.name}: waiting, another process is making it"):
        if path.is_file() and _digest_file(path).is_file():
            if _digest_file(path).read_text() == file_digest(path):
                return path
            uv.say(f"{path} was changed since it was made")
        _make(path)
    return path


def _make(path: Path) -> None:
    program = need("mmdebstrap", f"making a base image ({BASE} names a ready one instead)")
    uv.say(f"making a base image of {_release()}: about 40 MB to download")
    raw = path.with_name(f".{path.stem}.raw.tar")  # mmdebstrap goes by the ending
    command = [program, "--quiet", "--variant=essential", f"--include={','.join(PACKAGES)}"]
    if os.geteuid() == 0:
        command.append("--mode=root")
    try:
        call(
            [*command, _release(), str(raw), "-"],
            "the base image cannot be made",
            stdin=_sources(),
            variables={"SOURCE_DATE_EPOCH": "0"},
        )
        with files.replaced(path) as file:
            draft = Path(file.name)
            layers.rewrite(raw, draft)
            files.write(_digest_file(path), file_digest(draft))
    finally:
        raw.unlink(missing_ok=True)


def _digest_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _release() -> str:
    """Return the code name of this machine's release, ``bookworm``."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        text = ""
    if match := re.search(r"^VERSION_CODENAME=\"?([a-z]+)", text, re.MULTILINE):
        return match[1]
    raise Refused(f"this machine is no Debian or Ubuntu to make a base image from: set {BASE}")


def _sources() -> str:
    """Return this machine's own apt sources of its release, without those of others."""
    form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    command = [need("apt-get", "making a base image"), "indextargets", "--format", form]
    output = call([*command, "Created-By: Packages"], "apt's sources cannot be read")
    own = re.compile(rf"deb \S+ {_release()}(-updates|-security)? main")
    lines = sorted({line for line in output.splitlines() if own.fullmatch(line)})
    if not lines:
        raise Refused(f"apt has no sources of {_release()} here: run `apt-get update`, or set {BASE}")
    return "\n".join(lines) + "\n"
