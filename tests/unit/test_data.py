"""A measured process gets exactly the bytes that the spec names, or an error that names the file."""

import gzip
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import save, save_file

from samebits.sealed.data import Data, File, Manifest, load
from samebits.sealed.digest import DTYPES, Tensor, array, file_digest, files_digest, tensor
from samebits.sealed.errors import Refused

NUMPY_TYPES = sorted(set(DTYPES.values()) - {"bfloat16", "float8_e4m3fn", "float8_e5m2"})


def dataset(folder: Path, contents: dict[str, bytes]) -> Manifest:
    files = {}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        files[name] = File(file_digest(folder / name), len(content), name)
    manifest = Manifest.of("set", files)
    manifest.write(folder)
    return manifest


def open_(folder: Path, contents: dict[str, bytes]) -> Data:
    return load(folder, dataset(folder, contents).digest)


def npy(array: object, **how: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array), **how)
    return file.getvalue()


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()


def idx(array: np.ndarray, code: int) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def edit(folder: Path, **changes: object) -> None:
    path = folder / "data.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


# the manifest


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    manifest = dataset(tmp_path, {"b.csv": b"1,2\n", "a.txt": b""})
    assert Manifest.read(tmp_path) == manifest
    assert manifest.digest == files_digest({name: file.sha256 for name, file in manifest.files.items()})
    assert json.loads((tmp_path / "data.json").read_text()) == {
        "format": "samebits-data/1",
        "name": "set",
        "digest": manifest.digest,
        "files": {
            name: {"sha256": file_digest(tmp_path / name), "bytes": size, "path": name}
            for name, size in {"a.txt": 0, "b.csv": 4}.items()
        },
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.csv", "data.json"]


def test_neither_name_nor_place_nor_order_enter_the_digest():
    a, b = File("sha256:" + "a" * 64, 1, "a"), File("sha256:" + "b" * 64, 1, "b")
    moved = File(a.sha256, 1, "/elsewhere/a")
    assert Manifest.of("x", {"a": a, "b": b}).digest == Manifest.of("y", {"b": b, "a": moved}).digest
    assert Manifest.of("x", {"a": a}).digest != Manifest.of("x", {"renamed": a}).digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a manifest"),
        ("[]", "not a manifest"),
        ('{"format": "samebits-data/2"}', "its format is 'samebits-data/2', this is 'samebits-data/1'"),
        ('{"format": "samebits-data/1"}', "'files'"),
        ('{"format": "samebits-data/1", "files": {}, "name": "a", "digest": "b", "more": 1}', "'more'"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, text, says):
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(Refused, match=says) as refused:
        load(tmp_path, "sha256:" + "0" * 64)
    assert str(tmp_path / "data.json") in str(refused.value)
    assert "run the workflow again" in str(refused.value)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"data\.json: No such file or directory; run the workflow again"):
        load(tmp_path, "sha256:" + "0" * 64)


def test_a_manifest_whose_digest_is_not_its_tables_is_refused(tmp_path):
    manifest = dataset(tmp_path, {"a.txt": b"a"})
    edit(tmp_path, files={"a.txt": {"sha256": "sha256:" + "0" * 64, "bytes": 1, "path": "a.txt"}})
    with pytest.raises(Refused, match="its digest is not the digest of its files"):
        load(tmp_path, manifest.digest)


# the files


def test_another_data_set_than_the_specs_is_refused(tmp_path):
    manifest = dataset(tmp_path, {"a.txt": b"a"})
    wanted = "sha256:" + "0" * 64
    with pytest.raises(Refused, match=f"this is data set {manifest.digest}, the spec asks for {wanted}"):
        load(tmp_path, wanted)


def test_files_are_reached_by_path(tmp_path):
    (local := tmp_path / "elsewhere.txt").write_text("local")
    folder = tmp_path / "set"
    dataset(folder, {"a/b.txt": b"hello"})
    near = Manifest.read(folder).files["a/b.txt"]
    manifest = Manifest.of("set", {"a/b.txt": near, "c": File(file_digest(local), 5, str(local))})
    manifest.write(folder)
    data = load(folder, manifest.digest)
    assert data.path("a/b.txt").read_bytes() == b"hello"
    assert data.path("c") == local
    assert data.files == manifest.files
    assert data.name == "set"
    assert list(data) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.unlink(), "No such file or directory; put the file back"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            "it has changed: 3 bytes, data.json says 4 bytes",
        ),
        (lambda path: path.write_bytes(b"1,3\n"), "it has changed: sha256:"),
        (lambda path: (path.unlink(), path.mkdir()), "it has changed"),
    ],
    ids=["missing", "truncated", "changed", "folder"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage, says):
    manifest = dataset(tmp_path, {"good.csv": b"1,2\n", "bad.csv": b"1,2\n"})
    assert len(load(tmp_path, manifest.digest)) == 2  # the twin: nothing is wrong yet
    damage(tmp_path / "bad.csv")
    with pytest.raises(Refused, match=says) as refused:
        load(tmp_path, manifest.digest)
    assert str(refused.value).startswith(str(tmp_path / "bad.csv"))
    assert "delete data.json and run the workflow again" in str(refused.value)


def test_a_file_that_changes_after_the_check_is_refused_at_use(tmp_path):
    data = open_(tmp_path, {"a.csv": b"1,2\n", "b.csv": b"1,2\n"})
    first = data["a"].tolist()
    (tmp_path / "a.csv").write_bytes(b"3,4\n")
    (tmp_path / "b.csv").write_bytes(b"3,4\n")
    assert data["a"].tolist() == first  # read before, from checked bytes
    with pytest.raises(Refused, match=r"b\.csv: it has changed: sha256:"):
        data["b"]


# the arrays


def test_every_format_gives_its_arrays(tmp_path):
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    data = open_(
        tmp_path,
        {
            "arrays.safetensors": save({"X": np.eye(2), "y": np.array([1, 2])}),
            "more.npz": npz(mask=[True, False], scale=1.5),
            "one.npy": npy(np.float32([1, 2])),
            "table.csv": b"a,b\n1,2\n3,4.5\n",
            "packed.csv.gz": gzip.compress(b"1\n2\n"),
            "train-images-idx3-ubyte": idx(images, 8),
            "train-labels-idx1-ubyte.gz": gzip.compress(idx(np.uint8([7, 8]), 8)),
            "t10k-images.idx3-ubyte": idx(images[:1], 8),
            "deep/one.npy": npy(np.int64(3)),
            "README.md": b"text",
        },
    )
    assert {name: (array.dtype.name, array.tolist()) for name, array in data.items()} == {
        "X": ("float64", [[1.0, 0.0], [0.0, 1.0]]),
        "y": ("int64", [1, 2]),
        "mask": ("bool", [True, False]),
        "scale": ("float64", 1.5),
        "one": ("float32", [1.0, 2.0]),
        "table": ("float64", [[1.0, 2.0], [3.0, 4.5]]),
        "packed": ("float64", [[1.0], [2.0]]),
        "train-images": ("uint8", images.tolist()),
        "train-labels": ("uint8", [7, 8]),
        "t10k-images": ("uint8", images[:1].tolist()),
        "deep/one": ("int64", 3),
    }
    assert len(data) == 11
    assert data["X"] is data["X"]


@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]
)
def test_idx_numbers_are_big_endian(tmp_path, code, dtype):
    values = np.array([[1, 2, 100]], dtype)
    found = open_(tmp_path, {"a-idx2-ubyte": idx(values, code)})["a"]
    assert (found.dtype, found.tolist()) == (values.dtype, values.tolist())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"1,2\n", [[1, 2]]),
        (b"a,b\r\n1,2\r\n\r\n", [[1, 2]]),
        (b'\xef\xbb\xbf"a","b"\n"1"," 2"\n', [[1, 2]]),
        (b"1e400,-0.1\n", [[float("inf"), -0.1]]),
    ],
    ids=["bare", "header", "quoted", "exact"],
)
def test_csv_as_it_comes(tmp_path, text, values):
    assert open_(tmp_path, {"a.csv": text})["a"].tolist() == values


@pytest.mark.parametrize(
    "text", [b"", b"a,b\n", b"1,2\n3\n", b"1,x\n2,3\n", b"1,\n", b"a,b\nc,d\n", b"#1\n2\n,\n", b"\xff\n1\n"]
)
def test_csv_that_is_not_numbers_is_refused(tmp_path, text):
    """A row that cannot be read must never pass as a header or a comment."""
    with pytest.raises(Refused, match=r"a\.csv: cannot be read as its suffix says: .*; mend it or rename it"):
        open_(tmp_path, {"a.csv": text})["a"]


def test_types_that_numpy_lacks_come_as_unsigned_integers(tmp_path):
    raw = struct.pack("<Q", len(head := b'{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}')) + head
    data = open_(tmp_path, {"a.safetensors": raw + bytes([0x80, 0x3F, 0x00, 0x40])})
    assert (data["w"].dtype.name, data["w"].tolist()) == ("uint16", [0x3F80, 0x4000])


@pytest.mark.parametrize(
    "contents",
    [
        {"a.csv": b"1\n", "a.npy": npy([1])},
        {"a.csv": b"1\n", "b.npz": npz(a=[1])},
        {"s.safetensors": save({"a": np.eye(1)}), "t.safetensors": save({"a": np.eye(1)})},
    ],
)
def test_an_array_name_in_two_files_is_refused(tmp_path, contents):
    one, two = contents
    with pytest.raises(Refused, match=f"{two}: array 'a' is in {one} too; rename one of them"):
        open_(tmp_path, contents)


def test_an_array_name_twice_in_one_file_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        members.writestr("a", npy([1]))
        members.writestr("a.npy", npy([2]))
    with pytest.raises(Refused, match=r"array 'a' is in b\.npz too"):
        open_(tmp_path, {"b.npz": file.getvalue()})


class Trap:
    """Leaves a trace if anyone unpickles it."""

    trace = Path("unset")

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("kind", ["npy", "npz", "pickle as npy", "pickle as npz"])
def test_nothing_is_unpickled(tmp_path, kind):
    Trap.trace = tmp_path / "sprung"
    objects = np.array([Trap()], dtype=object)
    file, raw = {
        "npy": ("a.npy", npy(objects, allow_pickle=True)),
        "npz": ("b.npz", npz(a=objects)),
        "pickle as npy": ("a.npy", pickle.dumps(Trap())),
        "pickle as npz": ("b.npz", pickle.dumps(Trap())),
    }[kind]
    with pytest.raises(Refused, match=f"{file}: cannot be read as its suffix says"):
        open_(tmp_path, {file: raw})["a"]
    assert not Trap.trace.exists()
    np.load(io.BytesIO(npy(objects, allow_pickle=True)), allow_pickle=True)
    assert Trap.trace.exists()  # the twin: the trap works


@pytest.mark.parametrize(
    ("file", "raw"),
    [
        ("a.safetensors", b"garbage"),
        ("a.npz", b"garbage"),
        ("a.npy", npy([1, 2])[:-1]),
        ("a.npy", b""),
        ("a.csv.gz", b"1,2\n"),
        ("a.csv.gz", gzip.compress(b"1,2\n", mtime=0)[:-9]),
        ("a-idx1-ubyte", b""),
        ("a-idx1-ubyte", idx(np.uint8([1, 2]), 8)[:-1]),
        ("a-idx1-ubyte", idx(np.uint8([1, 2]), 8) + b"\0"),
        ("a-idx1-ubyte", idx(np.uint8([1, 2]), 7)),
        ("a-idx1-ubyte", b"\1" + idx(np.uint8([1, 2]), 8)[1:]),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(tmp_path, file, raw):
    with pytest.raises(Refused, match=rf"{file}: .*; (mend it or rename it|put the file back)"):
        open_(tmp_path, {file: raw})["a"]


@pytest.mark.parametrize(
    ("file", "raw"),
    [
        ("s.safetensors", save({"a": np.eye(2)})),
        ("s.npz", npz(a=np.eye(2))),
        ("a.npy", npy(np.eye(2))),
        ("a.csv", b"1,2\n"),
        ("a-idx1-ubyte", idx(np.uint8([1, 2]), 8)),
    ],
)
def test_arrays_are_read_only(tmp_path, file, raw):
    data = open_(tmp_path, {file: raw})
    with pytest.raises(ValueError, match="read-only"):
        data["a"][...] = 0


def test_an_unknown_array_is_a_key_error_that_lists_the_known(tmp_path):
    data = open_(tmp_path, {"a.npz": npz(X=1, y=2)})
    assert "X" in data
    assert "Z" not in data
    with pytest.raises(KeyError, match="Z: data set set has X, y"):
        data["Z"]


numpy_arrays = npst.arrays(
    dtype=st.sampled_from(NUMPY_TYPES).map(np.dtype),
    shape=npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)


@given(arrays=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), numpy_arrays, max_size=4))
def test_arrays_come_back_bit_for_bit(arrays, tmp_path_factory):
    arrays.pop("__metadata__", None)  # the format's own key
    folder = tmp_path_factory.mktemp("set")
    save_file(arrays, folder / "arrays.safetensors")
    data = open_(folder, {"arrays.safetensors": (folder / "arrays.safetensors").read_bytes()})
    assert {name: bits(data[name]) for name in data} == {name: bits(array) for name, array in arrays.items()}


@given(numpy_arrays)
def test_a_tensor_is_its_array(values):
    assert bits(array(Tensor(*tensor(values)))) == bits(values)


def bits(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.name, array.shape, array.tobytes()
