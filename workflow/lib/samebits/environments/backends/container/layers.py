"""A file system as a tar file in exactly one form, whoever packed it before."""

import hashlib
import posixpath
import tarfile
from collections.abc import Callable
from pathlib import Path

#: what differs from one build to the next, or is made anew when a container starts
LEFT_OUT = (
    ".dockerenv",
    "dev/",
    "etc/apt/",
    "etc/hostname",
    "etc/hosts",
    "etc/machine-id",
    "etc/mtab",
    "etc/resolv.conf",
    "proc/",
    "run/",
    "sys/",
    "tmp/",
    "usr/share/doc/",
    "usr/share/info/",
    "usr/share/locale/",
    "usr/share/man/",
    "var/cache/",
    "var/lib/apt/",
    "var/log/",
)
#: folders that hold nothing, but that programs expect
EMPTY = {"dev": 0o755, "proc": 0o755, "run": 0o755, "sys": 0o755, "tmp": 0o1777}


def path(member: tarfile.TarInfo) -> str:
    """Return a member's path below the root, in the form that all builders' tar files are brought to."""
    return posixpath.normpath(member.name.lstrip("/") or ".")


def rewrite(source: Path, target: Path, see: Callable[[str, str], None] | None = None) -> None:
    """Write a tar file anew: sorted, without times and owners' names, hard links as files of their own.

    Args:
        source: a tar file, uncompressed.
        target: the file to write.
        see: is told each regular file's path and ``sha256:…``, and each link's path and ``-> target``.
    """
    with tarfile.open(source, "r:") as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        members = {name: member for member in old if (name := path(member)) != "."}
        for name, mode in EMPTY.items():
            members.setdefault(name, _folder(name)).mode = mode
        for name, member in sorted(members.items()):
            if f"{name}/".startswith(LEFT_OUT) and name not in EMPTY:
                continue
            fixed = tarfile.TarInfo(name)
            fixed.type, fixed.linkname = member.type, member.linkname
            fixed.mode, fixed.uid, fixed.gid = member.mode & 0o7777, member.uid, member.gid
            if member.isreg() or member.islnk():
                content = old.extractfile(member)
                assert content is not None  # noqa: S101  for mypy
                data = content.read()
                fixed.type, fixed.linkname, fixed.size = tarfile.REGTYPE, "", len(data)
                content.seek(0)
                new.addfile(fixed, content)
                if see:
                    see(name, f"sha256:{hashlib.sha256(data).hexdigest()}")
            else:
                new.addfile(fixed)
                if see and member.issym():
                    see(name, f"-> {member.linkname}")


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member
