"""Verification: what was tampered with is told by its name, and what is sound is made again to the bit."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from samebits.receipt import ENVELOPE, Different, Key, Uncheckable, archive, keys, signing
from samebits.receipt.check import check
from samebits.sealed.errors import Refused

MODEL, OTHER = "cancer-trees", "diabetes-trees"
KINDS = (".whl", ".conda")


@pytest.fixture(scope="module")
def key():
    return Key.read(keys.own_path())


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Key.create(tmp_path_factory.mktemp("keys") / "key.pem")


def package(packaged, suffix, model=MODEL):
    (path,) = (packaged.results(model) / "dist").glob(f"*{suffix}")
    return path


def flip(path):
    data = bytearray(path.read_bytes() or b"\0")
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def repack(folder, target):
    """Pack a folder again, as one who tampers would: the list of files is made to fit."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    if target.suffix == ".whl":
        (record,) = (name for name in files if name.endswith("/RECORD"))
        lines = [
            f"{name},sha256={_base64(data)},{len(data)}" for name, data in files.items() if name != record
        ]
        files[record] = "\n".join([*lines, f"{record},,\n"]).encode()
        with zipfile.ZipFile(target, "w") as members:
            for name, data in files.items():
                members.writestr(name, data)
        return target
    listed = [
        {"_path": name, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
        if not name.startswith("info/")
    ]
    files["info/paths.json"] = json.dumps({"paths": listed}).encode()
    with zipfile.ZipFile(target, "w") as members:
        members.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        for part in ("pkg", "info"):
            data = io.BytesIO()
            with tarfile.open(fileobj=data, mode="w") as tar:
                for name, content in files.items():
                    if name.startswith("info/") == (part == "info"):
                        info = tarfile.TarInfo(name)
                        info.size = len(content)
                        tar.addfile(info, io.BytesIO(content))
            members.writestr(f"{part}-{target.stem}.tar.zst", zstandard.compress(data.getvalue()))
    return target


def _base64(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def unpacked(path, folder):
    folder.mkdir()
    archive.unpack(path, folder)
    return folder


@pytest.mark.parametrize("suffix", KINDS)
def test_a_package_is_authentic_and_stays_so_when_it_is_packed_again(packaged, key, suffix, tmp_path):
    path = package(packaged, suffix)
    said = check(path, [key.public]).what
    assert packaged.verdict(MODEL)["state"] in said
    again = repack(unpacked(path, tmp_path / "a"), tmp_path / path.name)
    assert check(again, [key.public]).what == said


@pytest.mark.parametrize("suffix", KINDS)
def test_one_bit_of_any_file_of_a_package_is_told_by_its_name(packaged, key, suffix, tmp_path):
    path = package(packaged, suffix)
    folder = unpacked(path, tmp_path / "a")
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    told = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        if name in ("info/paths.json",) or name.endswith("/RECORD"):
            continue  # they are written anew to fit; unit tests change them
        before = file.read_bytes()
        flip(file)
        tampered = repack(folder, tmp_path / path.name)
        with pytest.raises((Different, Refused)) as caught:
            check(tampered, [key.public])
        said = str(caught.value)
        statement = name.endswith(".dsse.json")  # a change to one is a broken envelope or signature
        assert name in said or statement or name.endswith("METADATA"), (name, said)
        assert "\n" not in said
        file.write_bytes(before)
        told.append(name)
    assert len(told) > 15
    check(repack(folder, tmp_path / path.name), [key.public])


@pytest.mark.parametrize("place", ["_rows", "model/more", "materials/more"])
def test_a_link_in_an_installed_package_is_told(packaged, key, tmp_path, place):
    """A folder of a module's name stands in front of it when Python imports."""
    module = next(unpacked(package(packaged, ".whl"), tmp_path / "a").rglob("package.dsse.json")).parent
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "__init__.py").write_text("")
    (module / place).symlink_to(elsewhere)
    with pytest.raises(Different, match=f"{place} is no plain file"):
        check(module, [key.public])
    (module / place).unlink()
    assert "__pycache__" not in check(module, [key.public]).what
    (module / "__pycache__").mkdir()
    (module / "__pycache__" / "_rows.cpython-311.pyc").touch()
    assert "not the bytecode in its __pycache__" in check(module, [key.public]).what


@pytest.mark.parametrize("change", ["added", "missing", "code"])
@pytest.mark.parametrize("suffix", KINDS)
def test_files_that_were_added_or_taken_away_are_told(packaged, key, suffix, change, tmp_path):
    path = package(packaged, suffix)
    folder = unpacked(path, tmp_path / "a")
    module = next(folder.rglob("package.dsse.json")).parent
    if change == "added":
        (module / "evil.py").write_text("")
    elif change == "missing":
        (module / "MODEL_CARD.md").unlink()
    else:
        (module.parent / "evil.pth").write_text("import os")
    with pytest.raises(Different, match=r"(evil.py|evil.pth) was added|MODEL_CARD.md is missing"):
        check(repack(folder, tmp_path / path.name), [key.public])


def test_one_bit_of_any_file_of_the_results_is_told_by_its_name(packaged, key, tmp_path):
    folder = tmp_path / MODEL
    shutil.copytree(packaged.results(MODEL), folder)
    check(folder, [key.public])
    watched = [*(folder / "materials").iterdir(), *(folder / "run-1" / "model").iterdir()]
    watched += [folder / "run-1" / "ledger.jsonl", folder / "run-1" / "predictions.safetensors"]
    watched += [folder / ENVELOPE, folder / "receipt.intoto.json"]
    for file in watched:
        before = file.read_bytes()
        flip(file)
        with pytest.raises((Different, Refused), match=file.name.replace(".", r"\.")):
            check(folder, [key.public])
        file.write_bytes(before)
    check(folder, [key.public])


def test_the_models_files_are_signed_as_model_signing_has_it(packaged, key, tmp_path):
    """Its own command line verifies them; samebits does, where there is no receipt that would tell first."""
    folder = tmp_path / MODEL
    shutil.copytree(packaged.results(MODEL), folder)
    public = keys.public_path(keys.own_path())
    command = [sys.executable, "-m", "model_signing", "verify", "key", folder / "run-1" / "model"]
    command += ["--signature", folder / "model.sig", "--public_key", public]
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
    signing.check(folder / "run-1" / "model", folder / "model.sig", key.public, tmp_path)
    flip(folder / "run-1" / "model" / "model.ubj")
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0
    with pytest.raises(Different, match=r"model\.sig is not of the files in"):
        signing.check(folder / "run-1" / "model", folder / "model.sig", key.public, tmp_path)


def test_a_signature_of_other_files_is_told(packaged, key, tmp_path):
    folder = tmp_path / MODEL
    shutil.copytree(packaged.results(MODEL), folder)
    shutil.copy(packaged.results(OTHER) / "model.sig", folder / "model.sig")
    with pytest.raises(Different, match=r"model\.sig is not of the files in"):
        check(folder, [key.public])


def test_without_sigstore_a_model_is_not_signed_by_it(packaged):
    process = packaged.samebits("sign", packaged.results(MODEL), "--ambient")
    assert process.returncode == 2, process.stdout
    assert "Sigstore did not sign" in process.stdout and process.stdout.count("\n") == 1
    assert not (packaged.results(MODEL) / "model.sigstore.json").exists()


def test_each_line_of_the_ledger_counts(packaged, key, tmp_path):
    """Signed anew by a thief of the key the ledger's own chain would tell; here the receipt does."""
    folder = tmp_path / MODEL
    shutil.copytree(packaged.results(MODEL), folder)
    ledger = folder / "run-1" / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-2] + lines[-1:]))
    with pytest.raises(Different, match=r"ledger\.jsonl changed since it was signed"):
        check(folder, [key.public])


@pytest.mark.parametrize("part", ["evidence", "model", "materials", "receipt"])
def test_parts_of_another_model_are_told(packaged, key, part, tmp_path):
    path = package(packaged, ".whl")
    folder, other = unpacked(path, tmp_path / "a"), unpacked(package(packaged, ".whl", OTHER), tmp_path / "b")
    module, foreign = (next(f.rglob("package.dsse.json")).parent for f in (folder, other))
    if part == "receipt":
        shutil.copy(foreign / "evidence" / ENVELOPE, module / "evidence" / ENVELOPE)
    else:
        shutil.rmtree(module / part)
        shutil.copytree(foreign / part, module / part)
    with pytest.raises(Different, match="since it was signed"):
        check(repack(folder, tmp_path / path.name), [key.public])


def test_the_statement_of_another_package_is_told(packaged, key, tmp_path):
    path = package(packaged, ".whl")
    folder = unpacked(path, tmp_path / "a")
    other = unpacked(package(packaged, ".conda"), tmp_path / "b")
    shutil.copy(next(other.rglob("package.dsse.json")), next(folder.rglob("package.dsse.json")))
    with pytest.raises(Different, match="its statement is of a conda, and it is a wheel"):
        check(repack(folder, tmp_path / path.name), [key.public])


def test_a_package_under_the_name_of_another_version_is_told(packaged, key, tmp_path):
    path = package(packaged, ".whl")
    renamed = tmp_path / path.name.replace("0.1.0", "0.2.0")
    shutil.copy(path, renamed)
    with pytest.raises(Different, match=r"it is called so, and is cancer-trees 0\.1\.0"):
        check(renamed, [key.public])


def test_a_signature_of_another_key_is_told(packaged, key, stranger):
    for path in (package(packaged, ".whl"), packaged.results(MODEL), packaged.results(MODEL) / ENVELOPE):
        with pytest.raises(Different, match=f"and not by {stranger.public.id}"):
            check(path, [stranger.public])
        with pytest.raises(Uncheckable, match="get their public key from them and give it with --key"):
            check(path, [])


@pytest.mark.parametrize("suffix", KINDS)
def test_a_package_that_was_cut_short_is_refused(packaged, key, suffix, tmp_path):
    path = package(packaged, suffix)
    data = path.read_bytes()
    for length in (0, 100, len(data) // 2, len(data) - 1):
        (tmp_path / path.name).write_bytes(data[:length])
        with pytest.raises(Refused, match=r"is broken|holds no"):
            check(tmp_path / path.name, [key.public])


def test_the_command_says_it_in_one_line_and_a_status(packaged, stranger, tmp_path):
    wheel, results = package(packaged, ".whl"), packaged.results(MODEL)
    public = tmp_path / "stranger.pem"
    public.write_bytes(stranger.public.pem())
    nobody = {"SAMEBITS_KEY": str(tmp_path / "none.pem")}
    Key.create(tmp_path / "other.pem")
    other = {"SAMEBITS_KEY": str(tmp_path / "other.pem")}
    for arguments, variables, status, said in (
        ([wheel], {}, 0, "authentic: wheel cancer-trees 0.1.0"),
        ([results], {}, 0, "authentic: cancer-trees: 2 runs of 200 steps were identical"),
        ([results / "receipt.intoto.json"], {}, 0, "(the receipt alone)"),
        ([wheel, "--key", public], {}, 1, "different: "),
        ([wheel], nobody, 3, "not checkable: "),
        ([wheel], other, 3, "get the public key from them and give it with --key"),
        ([tmp_path], {}, 2, "samebits: "),
        ([tmp_path / "gone.whl"], {}, 2, "is not there"),
        ([wheel, "--replay", "--sample", 0.5], {}, 3, "holds no checkpoints"),
        ([results / "receipt.dsse.json", "--replay"], {}, 3, "is a receipt alone"),
    ):
        process = packaged.samebits("verify", *arguments, **variables)
        assert process.returncode == status, (arguments, process.stdout)
        assert said in process.stdout and process.stdout.count("\n") == 1, process.stdout


def test_a_package_is_made_again_from_its_own_materials_and_nothing_else(packaged, tmp_path):
    wheel = package(packaged, ".whl")
    elsewhere = Path(shutil.copy(wheel, tmp_path))
    cache = ["--cache", packaged.cache]
    public = keys.public_path(keys.own_path())
    process = packaged.samebits("verify", elsewhere, "--replay", *cache)
    assert process.returncode == 0, process.stdout
    assert "reproduced: cancer-trees: trained again, all 200 steps have the bits" in process.stdout
    # whoever else verifies must allow the code of the package to run
    nobody = {"SAMEBITS_KEY": str(tmp_path / "none.pem")}
    process = packaged.samebits("verify", elsewhere, "--replay", "--key", public, *cache, **nobody)
    assert process.returncode == 2
    assert "making it again runs the recipe in it: read the recipe, and add --allow-code" in process.stdout


def test_a_folder_of_results_is_made_again_in_part(packaged, tmp_path):
    arguments = ["--replay", "--sample", 0.25, "--cache", packaged.cache]
    process = packaged.samebits("verify", packaged.results(MODEL), *arguments)
    assert process.returncode == 0, process.stdout
    assert (
        "reproduced: cancer-trees: a run of 200 steps and the replays of 1 of its 4 segments"
        in process.stdout
    )


def test_what_was_never_computed_is_not_reproduced(packaged, key, tmp_path):
    """The twin: a ledger with an invented loss, signed by the key itself, is authentic, not reproduced."""
    forged = tmp_path / "forged"
    shutil.copytree(packaged.results(MODEL), forged)
    lines = (forged / "run-1" / "ledger.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    step = next(record for record in records if record["kind"] == "step" and record["step"] == 7)
    step["loss"] = "0x1.8000000000000p-3"
    chained, previous = [], None
    for record in records:
        record["prev"] = previous
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        previous = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        chained.append(text)
    ledger = "\n".join(chained) + "\n"
    (forged / "run-1" / "ledger.jsonl").write_text(ledger)
    old = hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()
    head = "sha256:" + hashlib.sha256(lines[-1].encode()).hexdigest()
    statement = json.loads((forged / "receipt.intoto.json").read_text())
    text = json.dumps(statement, sort_keys=True, separators=(",", ":")) + "\n"
    text = text.replace(old, hashlib.sha256(ledger.encode()).hexdigest()).replace(head, previous)
    from samebits import receipt

    (forged / "receipt.intoto.json").write_text(text)
    (forged / ENVELOPE).write_bytes(receipt.sign(text.encode(), key))
    assert packaged.samebits("verify", forged).returncode == 0
    process = packaged.samebits("verify", forged, "--replay", "--cache", packaged.cache)
    assert process.returncode == 1, process.stdout
    assert (
        "different: cancer-trees: trained again, it parts from the ledger at line 9, step 7: 0x1.8"
        in process.stdout
    )
