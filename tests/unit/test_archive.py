"""Packages from strangers: nothing leaves the folder, nothing fills the disk, nothing is added or changed."""

import base64
import hashlib
import io
import json
import struct
import tarfile
import zipfile
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from samebits.receipt import archive
from samebits.sealed.errors import Refused

FILES = {"model/__init__.py": b"x = 1\n", "model/weights": b"\0" * 100}
INFO = "model-1.0.dist-info"


def record(files):
    def hashed(data):
        return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")

    lines = [f"{name},{hashed(data)},{len(data)}\n" for name, data in files.items()]
    return ("".join(lines) + f"{INFO}/RECORD,,\n").encode()


def wheel(folder, files=FILES, listed=None, entries=()):
    path = folder / "model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        for name, data in files.items():
            members.writestr(name, data)
        for info, data in entries:
            members.writestr(info, data)
        members.writestr(f"{INFO}/RECORD", record(listed or files))
    return path


def tar(files, members=()):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive_:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive_.addfile(info, io.BytesIO(content))
        for info in members:
            archive_.addfile(info)
    return zstandard.compress(data.getvalue())


def conda(folder, files=FILES, listed=None, members=(), others=()):
    path = folder / "model-1.0-py_0.conda"
    paths = [
        {"_path": name, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in (listed or files).items()
    ]
    info = {"info/paths.json": json.dumps({"paths": paths}).encode(), "info/index.json": b"{}"}
    with zipfile.ZipFile(path, "w") as archive_:
        archive_.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive_.writestr(f"pkg-{path.stem}.tar.zst", tar(files, members))
        archive_.writestr(f"info-{path.stem}.tar.zst", tar(info))
        for name, data in others:
            archive_.writestr(name, data)
    return path


def unpack(path, folder):
    target = folder / "unpacked"
    target.mkdir()
    return archive.unpack(path, target)


def refused(path, folder, said):
    before = sorted(p for p in folder.parent.rglob("*") if folder not in p.parents and p != folder)
    with pytest.raises(Refused) as caught:
        unpack(path, folder)
    assert said in str(caught.value), caught.value
    assert "\n" not in str(caught.value)
    # and nothing was written elsewhere
    assert before == sorted(p for p in folder.parent.rglob("*") if folder not in p.parents and p != folder)


@pytest.mark.parametrize("pack, kind", [(wheel, "wheel"), (conda, "conda")])
def test_a_sound_package_is_unpacked(pack, kind, tmp_path):
    found, files = unpack(pack(tmp_path), tmp_path)
    assert found == kind
    for name, data in FILES.items():
        assert files[name] == hashlib.sha256(data).hexdigest()
        assert (tmp_path / "unpacked" / name).read_bytes() == data


@pytest.mark.parametrize("pack", [wheel, conda])
@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a\\..\\out", "./a", "a//b"])
def test_no_name_leads_out_of_the_folder(pack, name, tmp_path):
    refused(pack(tmp_path, {name: b"x"}), tmp_path, "leads elsewhere")


def at(data, mark, last=False):
    """Return the bytes before a zip's record and from it on: a member, the directory or the end."""
    place = (data.rindex if last else data.index)(mark)
    return data[:place], data[place:]


def hidden(data):
    """Put a member between the listed ones and the directory, which does not list it."""
    members, directory = at(data, b"PK\1\2")
    name = data[30 : 30 + data[26]]
    member = b"PK\3\4" + struct.pack("<5H3L2H", 20, 0, 0, 0, 33, zlib.crc32(b"evil"), 4, 4, len(name), 0)
    return moved(members + member + name + b"evil", directory)


def moved(members, directory):
    """Write where the directory lies into the end that follows it."""
    directory, end = at(directory, b"PK\5\6", last=True)
    return members + directory + end[:16] + struct.pack("<L", len(members)) + end[20:]


ADDED = {
    "a member that is not listed": hidden,
    "before the first member": lambda data: b"PK\3\4" + data,
    "behind the end": lambda data: data + b"PK\3\4",
    "a comment": lambda data: data[:-2] + b"\4\0PK\3\4",
    "another name where the member lies": lambda data: data[:30] + b"M" + data[31:],
    "another size where the member lies": lambda data: data[:22] + b"\1" + data[23:],
    "sizes behind the data": lambda data: data[:6] + b"\x08" + data[7:],
}


@pytest.mark.parametrize("pack", [wheel, conda])
@pytest.mark.parametrize("change", ADDED.values(), ids=ADDED)
def test_what_only_some_readers_of_a_zip_would_find_is_refused(pack, change, tmp_path):
    path = pack(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    refused(path, tmp_path, "there is more in it than its directory lists")


def test_what_only_some_readers_of_a_tar_would_find_is_refused(tmp_path, monkeypatch):
    more = zstandard.decompress(tar({"model/__init__.py": b"evil"}))
    monkeypatch.setattr(zstandard, "compress", lambda data, real=zstandard.compress: real(data + more))
    refused(conda(tmp_path), tmp_path, "goes on behind its end")


def test_only_its_own_list_may_be_unsigned_in_a_package():
    names = ("info/paths.json", f"{INFO}/RECORD", f"a/{INFO}/RECORD", "RECORD")
    assert [archive.is_list("wheel", name) for name in names] == [False, True, False, False]
    assert [archive.is_list("conda", name) for name in names] == [True, False, False, False]


@pytest.mark.parametrize("pack", [wheel, conda])
def test_a_zip_bomb_is_refused_before_it_fills_the_disk(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "ALLOWED", 1 << 16)
    refused(pack(tmp_path, {"zeros": b"\0" * (8 << 20)}), tmp_path, "as a zip bomb does")
    assert sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*")) < 4 << 20


@pytest.mark.parametrize("pack", [wheel, conda])
def test_too_many_files_are_refused(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST", 10)
    refused(pack(tmp_path, {f"f{i}": b"" for i in range(11)}), tmp_path, "more than 10 files")


@pytest.mark.parametrize("pack", [wheel, conda])
@pytest.mark.parametrize(
    "listed, name",
    [
        ({**FILES, "model/weights": b"\1" * 100}, "model/weights"),
        ({**FILES, "model/gone": b""}, "model/gone"),
        ({"model/__init__.py": FILES["model/__init__.py"]}, "model/weights"),
    ],
    ids=["changed", "missing", "added"],
)
def test_the_list_of_files_must_be_exact(pack, listed, name, tmp_path):
    refused(pack(tmp_path, listed=listed), tmp_path, f"{name} is not what its list of files says")


def test_links_and_devices_are_refused(tmp_path):
    link = zipfile.ZipInfo("model/link")
    link.external_attr = 0o120777 << 16
    refused(wheel(tmp_path, entries=[(link, "/etc/passwd")]), tmp_path, "'model/link' in it is no plain file")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_links_and_devices_in_a_conda_package_are_refused(kind, tmp_path):
    member = tarfile.TarInfo("model/link")
    member.type, member.linkname = kind, "/etc/passwd"
    refused(conda(tmp_path, members=[member]), tmp_path, "'model/link' in it is no plain file")


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    path = wheel(tmp_path, entries=[("model/weights", b"other")])
    refused(path, tmp_path, "model/weights is in it twice")


def test_a_file_that_is_a_folder_too_is_refused(tmp_path):
    refused(wheel(tmp_path, {"a": b"", "a/b": b""}), tmp_path, "")


def test_a_conda_package_holds_nothing_else(tmp_path):
    refused(conda(tmp_path, others=[("evil", b"")]), tmp_path, "'evil' does not belong in it")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(b"")
    refused(tmp_path / "model.tar.gz", tmp_path, "is neither a .whl nor a .conda")


@pytest.mark.parametrize("pack", [wheel, conda])
@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_breaks_the_reader(pack, data, tmp_path_factory):
    """Cut short or changed anywhere, a package is refused or is the same package still."""
    folder = tmp_path_factory.mktemp("fuzz")
    path = pack(folder)
    text = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del text[data.draw(st.integers(0, len(text) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(text))
    try:
        _, files = unpack(path, folder)
    except Refused:
        return
    assert all(files[name] == hashlib.sha256(content).hexdigest() for name, content in FILES.items())
