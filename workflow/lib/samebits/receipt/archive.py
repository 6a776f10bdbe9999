"""Packages unpacked with care: a wheel or a .conda from a stranger may be made to do harm.

Refused are names that lead out of the folder, links, duplicates, what is encrypted, and archives that hold
far more than a model would leave when it is compressed. A package's own list of its files must be exact, and
so must the archive: what one reader passes over, another one may install.
"""

import base64
import csv
import hashlib
import io
import json
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import zstandard

from samebits.sealed.errors import Refused, explain

#: an archive may hold this many times its own size, and this many bytes besides; weights shrink by a little
RATIO, ALLOWED = 200, 64 << 20
#: files in an archive
MOST = 20_000

#: a zip member's local header: mark, flags, method, checksum, sizes, and the lengths of name and extra field
_LOCAL = struct.Struct("<4s2xHH4xLLLHH")
#: stands for a size that the extra field tells in 64 bits
_LARGE = 0xFFFF_FFFF


class _Place:
    """The folder that is filled, within limits."""

    def __init__(self, archive: Path, folder: Path):
        self._archive, self._folder = archive, folder
        self._left = archive.stat().st_size * RATIO + ALLOWED
        self.files: dict[str, str] = {}  # path -> SHA-256 in hex

    def put(self, name: str, source: IO[bytes]) -> None:
        """Write a file; counts what is really there and not what the archive says."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or str(path) != name:
            raise Refused(f"{self._archive}: the name {name!r} in it leads elsewhere; do not use this file")
        if name in self.files:
            raise Refused(f"{self._archive}: {name} is in it twice; do not use this file")
        if len(self.files) >= MOST:
            raise Refused(f"{self._archive}: there are more than {MOST} files in it; do not use this file")
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        sha256 = hashlib.sha256()
        with target.open("xb") as file:
            while block := source.read(1 << 20):
                self._left -= len(block)
                if self._left < 0:
                    raise Refused(
                        f"{self._archive}: it unpacks to more than {RATIO} times its size, as a zip bomb "
                        "does; do not use this file"
                    )
                sha256.update(block)
                file.write(block)
        self.files[name] = sha256.hexdigest()


def unpack(archive: Path, folder: Path) -> tuple[str, dict[str, str]]:
    """Unpack a wheel or a .conda into an empty folder.

    Returns:
        ``wheel`` or ``conda``, and all files by path -> SHA-256 in hex.

    Raises:
        Refused: it is neither, broken, cut short or made to do harm; names the file in it.
    """
    kind = {".whl": "wheel", ".conda": "conda"}.get(archive.suffix)
    if kind is None:
        raise Refused(f"{archive} is neither a .whl nor a .conda; give a package, a folder or a receipt")
    place = _Place(archive, folder)
    fill: Callable[[Path, _Place], None] = _wheel if kind == "wheel" else _conda
    try:
        fill(archive, place)
        listed = _record(folder, place.files) if kind == "wheel" else _paths(folder, place.files)
    except Refused:
        raise
    except OSError as error:
        if explain(error, folder):  # the disk's fault, and not the archive's
            raise
        message = f"{PurePosixPath(error.filename or '').name}: {error.strerror}"
        raise Refused(f"{archive} cannot be unpacked: {message}; do not use this file") from None
    except Exception as error:  # zipfile, tarfile, zstandard and csv have no common error, and some are bugs
        message = " ".join(str(error).split())[:200] or type(error).__name__
        raise Refused(f"{archive} is broken: {message}; get it again") from None
    for name in sorted(listed.keys() | place.files.keys()):
        if listed.get(name, place.files.get(name)) != place.files.get(name):
            raise Refused(f"{archive}: {name} is not what its list of files says; get the package again")
    return kind, place.files


def is_list(kind: str, name: str) -> bool:
    """Tell whether a file is the list of files that unpacking held a package of this kind against."""
    if kind == "conda":
        return name == "info/paths.json"
    return name.endswith(".dist-info/RECORD") and name.count("/") == 1


def _members(archive: Path) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    with zipfile.ZipFile(archive) as members:
        if not _gapless(archive, members):
            raise Refused(
                f"{archive}: there is more in it than its directory lists, which some readers would use; do "
                "not use this file"
            )
        for info in members.infolist():
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.is_dir() or info.flag_bits & 1:
                raise Refused(f"{archive}: {info.filename!r} in it is no plain file; do not use this file")
            yield members, info


def _gapless(archive: Path, members: zipfile.ZipFile) -> bool:
    """Tell whether a zip is its members in a row, their directory and the end record, without a byte between.

    A reader goes by the directory or from member to member (APPNOTE.TXT 4.3); only then do both see the same.
    """
    with archive.open("rb") as file:

        def read(place: int, size: int) -> bytes:
            file.seek(place)
            return file.read(size)

        place = 0
        for info in sorted(members.infolist(), key=lambda info: info.header_offset):
            header = read(place, _LOCAL.size)
            if info.header_offset != place or len(header) < _LOCAL.size:
                return False
            mark, flags, method, *sizes, name, extra = _LOCAL.unpack(header)
            written = read(place + _LOCAL.size, name + extra)
            # without the flag that puts sizes behind the data, where not every reader looks for them
            expected = (b"PK\3\4", info.flag_bits & ~0x08, info.compress_type, _name(info))
            small = sizes == [info.CRC, info.compress_size, info.file_size]
            zip64 = struct.pack("<HHQQ", 1, 16, info.file_size, info.compress_size)
            large = sizes == [info.CRC, _LARGE, _LARGE] and written[name:].startswith(zip64)
            if (mark, flags, method, written[:name]) != expected or not (small or large):
                return False
            place += _LOCAL.size + name + extra + info.compress_size
        listed = sum(
            46 + len(_name(info)) + len(info.extra) + len(info.comment) for info in members.infolist()
        )
        end = archive.stat().st_size - 22
        more = 76 if read(end - 20, 4) == b"PK\6\7" else 0  # the end of a zip64 is told in two more records
        return place == members.start_dir and place + listed + more == end and not members.comment


def _name(info: zipfile.ZipInfo) -> bytes:
    """Return a member's name as it is written."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def _wheel(archive: Path, place: _Place) -> None:
    for members, info in _members(archive):
        with members.open(info) as source:
            place.put(info.filename, source)


def _conda(archive: Path, place: _Place) -> None:
    """Unpack the two tar archives of a .conda (conda's package format 2), which lie in a zip."""
    for members, info in _members(archive):
        if info.filename == "metadata.json":
            if json.loads(members.read(info)) != {"conda_pkg_format_version": 2}:
                raise ValueError("metadata.json is not of conda's format 2")
            continue
        if info.filename not in (f"pkg-{archive.stem}.tar.zst", f"info-{archive.stem}.tar.zst"):
            raise Refused(f"{archive}: {info.filename!r} does not belong in it; do not use this file")
        with members.open(info) as packed:
            stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.pax_headers
                    content = tar.extractfile(member) if plain else None
                    if content is None:
                        raise Refused(
                            f"{archive}: {member.name!r} in it is no plain file; do not use this file"
                        )
                    place.put(member.name, content)
                while rest := tar.fileobj.read(1 << 20):  # behind the end's first block
                    if rest.strip(b"\0"):
                        raise ValueError(f"{info.filename} goes on behind its end")


def _record(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """Return what a wheel's RECORD says: path -> SHA-256 in hex; its own is as it is."""
    (record,) = [name for name in files if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    listed: dict[str, str] = {record: files[record]}
    for name, hashed, _ in csv.reader(io.StringIO((folder / record).read_text())):
        if name != record:
            algorithm, _, value = hashed.partition("=")
            if algorithm != "sha256":
                raise ValueError(f"RECORD has no SHA-256 of {name}")
            listed[name] = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    return listed | {name: "not listed" for name in files if name not in listed}


def _paths(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """Return what a .conda's info/paths.json says, and nothing of the other files below info/."""
    listing: Any = json.loads((folder / "info/paths.json").read_bytes())
    listed = {name: files[name] for name in files if name.startswith("info/")}
    for entry in listing["paths"]:
        if entry.get("path_type") != "hardlink" or "prefix_placeholder" in entry:
            raise ValueError(f"{entry['_path']} is no plain file, or a prefix is to be written into it")
        listed[entry["_path"]] = entry["sha256"]
    return listed | {name: "not listed" for name in files if name not in listed}
