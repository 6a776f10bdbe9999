"""Locked environments, with the real uv. What is refused has a twin beside it that passes."""

import fcntl
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import samebits
from environments_wheels import environment, index, wheel
from samebits.environments import (
    Manifest,
    Source,
    build,
    check_lock,
    confirm,
    find,
    known,
    read,
    verified_cache,
    verify,
    write_lock,
)
from samebits.environments.listing import listing
from samebits.environments.records import check_installed
from samebits.environments.size import download_size
from samebits.environments.uv import failed
from samebits.environments.verified_cache import VerifiedState
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

ROOT = Path(__file__).parents[2]
SITE = f"lib/python{'.'.join(platform.python_version_tuple()[:2])}/site-packages"
MODULE = f"{SITE}/samebits_tinier.py"


@dataclass
class World:
    """An environment ``tiny`` of two little packages, and where its wheels lie."""

    root: Path
    wheels: Path
    source: Source
    prefix: Path

    def build(self, *, force: bool = False) -> Manifest:
        return build(self.source, self.prefix, force=force)

    def edit_lock(self, pattern: str, replacement: str) -> None:
        text, changes = re.subn(pattern, replacement, self.source.lock.read_text())
        assert changes
        self.source.lock.write_text(text)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("UV_") or name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            monkeypatch.delenv(name)


def make_wheels(folder: Path) -> None:
    wheel(folder, "samebits_tinier", "2.0+cpu", {"samebits_tinier.py": "TINIER = True\n"})
    files = {
        "samebits_tiny/__init__.py": "TINY = True\n",
        "samebits_tiny-1.0.data/data/share/tiny/a.txt": "a",
    }
    script = "samebits-tiny = samebits_tiny:main"
    wheel(folder, "samebits_tiny", "1.0", files, requires=["samebits-tinier"], script=script)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    make_wheels(tmp_path / "wheels")
    environment(tmp_path, "tiny", ["samebits-tiny"])
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    source = find("tiny", [tmp_path])
    write_lock(source)
    return World(tmp_path, tmp_path / "wheels", source, tmp_path / "prefix")


def refusal(call: Callable[[], object]) -> str:
    """Return the message with which a call is refused: always one line."""
    with pytest.raises(Refused) as refused:
        call()
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 900
    return message


# --- finding ---


def test_the_first_root_that_has_an_environment_wins(tmp_path: Path) -> None:
    environment(tmp_path / "user", "mine", ["numpy"])
    environment(tmp_path / "user", "both", ["numpy"])
    environment(tmp_path / "samebits", "both", ["numpy"])
    roots = [tmp_path / "user", tmp_path / "samebits", tmp_path / "absent"]
    assert known(roots) == ["both", "mine"]
    assert find("both", roots) == Source("both", tmp_path / "user" / "envs" / "both")


def test_an_unknown_name_is_refused_with_the_near_and_the_known_ones(tmp_path: Path) -> None:
    for name in ("pytorch-cpu", "xgboost-cpu"):
        environment(tmp_path, name, ["numpy"])
    message = refusal(lambda: find("pytroch-cpu", [tmp_path]))
    assert "'pytroch-cpu'" in message
    assert "did you mean pytorch-cpu?" in message
    assert "known: pytorch-cpu, xgboost-cpu" in message
    assert "did you mean" not in refusal(lambda: find("zzz", [tmp_path]))
    assert find("pytorch-cpu", [tmp_path]).specification.is_file()


@pytest.mark.parametrize("name", ["../envs/pytorch-cpu", "", ".", "/etc"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    assert "unknown environment" in refusal(lambda: find(name, [ROOT]))


# --- environment.yaml ---


@pytest.mark.parametrize(
    "entry",
    [
        "./wheels/samebits_tiny.whl",
        "/wheels/samebits_tiny.whl",
        "samebits-tiny @ file:///wheels/samebits_tiny.whl",
        "git+https://example.org/tiny",
        "--find-links /wheels",
        "--index-url https://example.org",
        "-r requirements.txt",
        "-e .",
        "samebits-tiny; $(touch pwned)/x",
    ],
)
def test_entries_that_cannot_be_locked_are_refused(world: World, entry: str) -> None:
    environment(world.root, "tiny", [entry])
    message = refusal(lambda: write_lock(world.source))
    assert repr(entry) in message
    assert str(world.source.specification) in message


@pytest.mark.parametrize(
    "entry", ["samebits-tiny", "samebits_tiny>=1,<2", "samebits-tiny==1.0; python_version>'3'"]
)
def test_requirements_of_the_usual_kinds_are_locked(world: World, entry: str) -> None:
    environment(world.root, "tiny", [entry])
    write_lock(world.source)
    check_lock(world.source)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: [", "not YAML"),
        ("name: tiny", "a list of `dependencies`"),
        ("name: other\ndependencies: [python=3.11, {pip: [a]}]", "its name is 'other'"),
        ("name: tiny\nvariables: {A: b}\ndependencies: [python=3.11, {pip: [a]}]", "unknown key 'variables'"),
        ("name: tiny\ndependencies: [{pip: [a]}]", "add `- python=3.11`"),
        ("name: tiny\ndependencies: [python=3.11, numpy, {pip: [a]}]", "cannot install 'numpy'"),
        ("name: tiny\ndependencies: [python=3.11, {pip: []}]", "`pip:` list is empty"),
    ],
)
def test_a_specification_that_is_not_one_is_refused(world: World, text: str, complaint: str) -> None:
    world.source.specification.write_text(text)
    assert complaint in refusal(lambda: write_lock(world.source))


# --- requirements.lock ---


def test_a_lock_pins_versions_and_hashes_and_no_place(world: World) -> None:
    text = world.source.lock.read_text()
    assert text.startswith("# Written by `samebits env lock tiny`")
    assert file_digest(world.source.specification) in text
    assert "samebits-tinier==2.0+cpu" in text
    wheels = [file_digest(path) for path in world.wheels.iterdir()]
    assert sorted(re.findall("sha256:[0-9a-f]{64}", text)[1:]) == sorted(wheels)
    assert str(world.root) not in text
    write_lock(world.source)
    assert world.source.lock.read_text() == text
    assert sorted(path.name for path in world.source.folder.iterdir()) == [
        "environment.yaml",
        "requirements.lock",
    ]


@pytest.mark.parametrize("name", known([ROOT]))
def test_the_locks_that_samebits_brings_are_fit(name: str) -> None:
    source = find(name, [ROOT])
    check_lock(source)
    text = source.lock.read_text()
    assert "://" not in text
    assert not re.search(r"(?m)^\s*-(?!-hash)", text)
    assert {"numpy", "blake3", "safetensors"} <= set(re.findall("(?m)^([a-z0-9-]+)==", text))


def test_the_pytorch_lock_takes_the_cpu_build_and_no_other() -> None:
    text = find("pytorch-cpu", [ROOT]).lock.read_text()
    torch = re.findall(r"(?m)^torch==(\S+) \\\n((?: +--hash=\S+(?: \\)?\n)+)", text)
    assert [(version, hashes.count("--hash")) for version, hashes in torch] == [("2.13.0+cpu", 1)]
    assert not re.search("nvidia|cuda|triton", text)


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r"(?s)==1.0 \\\n.*?\n", "==1.0\n", "samebits-tiny==1.0 has no hash"),
        (r"(?s)==2.0\+cpu \\\n.*?\n", "==2.0+cpu \\\\\n", "samebits-tinier==2.0+cpu has no hash"),
        (r"samebits-tiny==1.0", "samebits-tiny>=1.0", "not a locked package: 'samebits-tiny>=1.0"),
        (r"samebits-tiny==1.0", "samebits-tiny @ file:///tiny.whl", "not a locked package: 'samebits-tiny @"),
        (r"\Z", "--find-links /wheels\n", "not a locked package: '--find-links /wheels'"),
        (r"\Z", "./tiny.whl\n", "not a locked package: './tiny.whl'"),
        (r"\Z", "samebits-tiny==1.0\n", "not a locked package: 'samebits-tiny==1.0'"),
        (r"(?s)samebits-tinier.*", "", "locks no package"),
        (r"# environment.yaml .*", "", "was not made from"),
    ],
)
def test_a_lock_that_says_other_things_is_refused(
    world: World, pattern: str, replacement: str, complaint: str
) -> None:
    check_lock(world.source)
    world.edit_lock(pattern, replacement)
    for call in (lambda: check_lock(world.source), world.build):
        message = refusal(call)
        assert complaint in message
        assert str(world.source.lock) in message
        assert "run `samebits env lock tiny`" in message
    assert not world.prefix.exists()


def test_a_missing_lock_is_refused(world: World) -> None:
    world.source.lock.unlink()
    message = refusal(world.build)
    assert message == f"{world.source.lock} is missing: run `samebits env lock tiny`"
    write_lock(world.source)
    world.build()


def test_a_lock_out_of_step_with_its_source_is_refused(world: World) -> None:
    environment(world.root, "tiny", ["samebits-tiny", "samebits-tinier"])
    message = refusal(lambda: check_lock(world.source))
    assert f"was not made from {world.source.specification} as it is now" in message
    write_lock(world.source)
    check_lock(world.source)


def test_what_is_found_nowhere_cannot_be_locked(world: World) -> None:
    before = world.source.lock.read_bytes()
    environment(world.root, "tiny", ["samebits-tiny==9"])
    message = refusal(lambda: write_lock(world.source))
    assert "there is no version of samebits-tiny==9" in message
    assert str(world.source.specification) in message
    assert world.source.lock.read_bytes() == before


# --- building ---


def test_an_environment_is_built_and_recorded_file_by_file(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = world.build()
    assert "environment tiny: installing 2 packages" in capfd.readouterr().err
    assert manifest == read(world.prefix) == verify(world.prefix)
    assert manifest.packages == {"samebits-tinier": "2.0+cpu", "samebits-tiny": "1.0"}
    assert (manifest.name, manifest.backend) == ("tiny", "pip")
    assert manifest.python == platform.python_version()
    assert manifest.lock == file_digest(world.source.lock)
    on_disk = {
        str(p.relative_to(world.prefix)) for p in world.prefix.rglob("*") if p.is_symlink() or p.is_file()
    }
    assert set(manifest.files) == on_disk - {"environment.json"}
    assert manifest.files[MODULE] == file_digest(world.prefix / MODULE)
    assert manifest.files["lib64"] == "-> lib"
    assert str(world.prefix) not in json.dumps(manifest.files["share/tiny/a.txt"])


def test_bytecode_is_compiled_and_does_not_look_at_its_source(world: World) -> None:
    world.build()
    compiled = world.prefix / SITE / "__pycache__" / f"samebits_tinier.{sys.implementation.cache_tag}.pyc"
    assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00"  # PEP 552: hash-based, source not checked
    command = [
        world.prefix / "bin/python",
        "-sPc",
        "import samebits_tiny, samebits_tinier as t; print(t.__cached__)",
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    output = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert output.strip() == str(compiled)
    verify(world.prefix)  # and nothing was left to be written


def test_the_digest_depends_on_the_lock_and_not_on_the_path(world: World) -> None:
    here = world.build()
    there = build(world.source, world.root / "another" / "longer" / "place")
    assert here.digest == there.digest
    assert here.files != there.files  # launchers and bytecode do hold the path
    files = {"samebits_tinier.py": "TINIER = False\n"}
    wheel(world.wheels, "samebits_tinier", "2.0+cpu", files)
    write_lock(world.source)
    assert world.build().digest != here.digest


def test_a_finished_prefix_is_left_as_it_is(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.build()
    before = (world.prefix / "environment.json").stat().st_mtime_ns
    capfd.readouterr()
    world.build()
    assert (world.prefix / "environment.json").stat().st_mtime_ns == before
    assert "installing" not in capfd.readouterr().err
    world.build(force=True)
    assert (world.prefix / "environment.json").stat().st_mtime_ns > before
    assert "installing" in capfd.readouterr().err


def test_a_damaged_prefix_is_refused_until_forced(world: World) -> None:
    world.build()
    (world.prefix / MODULE).write_text("TINIER = False\n")
    message = refusal(world.build)
    assert f"{MODULE} changed" in message
    assert f"run `samebits env build tiny {world.prefix} --force`" in message
    world.build(force=True)
    verify(world.prefix)


def test_a_changed_lock_replaces_the_prefix_and_says_so(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.build()
    wheel(world.wheels, "samebits_tinier", "3.0", {"samebits_tinier.py": "TINIER = 3\n"})
    write_lock(world.source)
    assert world.build().packages["samebits-tinier"] == "3.0"
    assert "its lock has changed" in capfd.readouterr().err
    verify(world.prefix)


def test_another_environments_prefix_is_refused(world: World) -> None:
    world.build()
    other = Source("other", environment(world.root, "other", ["samebits-tinier"]))
    write_lock(other)
    assert "holds the environment tiny" in refusal(lambda: build(other, world.prefix))
    verify(world.prefix)


def test_a_folder_that_no_build_made_is_never_removed(world: World) -> None:
    world.prefix.mkdir()
    precious = world.prefix / "thesis.tex"
    precious.write_text("…")
    for force in (False, True):
        assert "remove it or choose another folder" in refusal(lambda force=force: world.build(force=force))
    assert precious.exists()
    precious.unlink()
    world.build()


def test_a_prefix_that_cannot_be_made_is_refused(world: World) -> None:
    (world.root / "file").touch()
    message = refusal(lambda: build(world.source, world.root / "file" / "prefix"))
    assert "choose another folder" in message
    message = refusal(lambda: build(world.source, world.root / "file"))
    assert "is a file" in message


def test_another_python_is_refused(world: World) -> None:
    environment(world.root, "tiny", ["samebits-tiny"], python="3.99")
    write_lock(world.source)
    message = refusal(world.build)
    assert "is for Python 3.99" in message
    assert "install samebits into a Python 3.99" in message
    assert not world.prefix.exists()


def test_what_else_uv_is_told_does_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project = world.root / "project"
    project.mkdir()
    (project / "uv.toml").write_text(
        'index-url = "https://nowhere.invalid"\n[pip]\nno-verify-hashes = true\n'
    )
    requires = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.99"\n'
    (project / "pyproject.toml").write_text(
        requires + '[tool.uv]\noverride-dependencies = ["samebits-tinier==9"]\n'
    )
    other = world.root / "other"
    shutil.copytree(build(world.source, other) and other, world.root / "before", symlinks=True)
    monkeypatch.chdir(project)
    settings = {
        "PYTHON": other / "bin/python",
        "NO_VERIFY_HASHES": 1,
        "OVERRIDE": "x",
        "LINK_MODE": "symlink",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"UV_{name}", str(value))
    monkeypatch.setenv("VIRTUAL_ENV", str(other))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    text = world.source.lock.read_text()
    write_lock(world.source)
    assert world.source.lock.read_text() == text
    world.build()
    monkeypatch.delenv("PYTHONHOME")
    verify(world.prefix)
    assert verify(other).files == read(world.root / "before").files


# --- where wheels come from ---


def test_uv_find_links_goes_before_pip_find_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(world.root / "absent"))
    assert "absent" in refusal(world.build)
    monkeypatch.setenv("UV_FIND_LINKS", str(world.wheels))
    world.build()


def test_pip_find_links_may_name_several_folders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    second = world.root / "second"
    second.mkdir()
    shutil.move(next(world.wheels.glob("samebits_tinier*")), second)
    assert "samebits-tinier" in refusal(world.build)
    monkeypatch.setenv("PIP_FIND_LINKS", f"{world.wheels} {second}")
    world.build()


def test_a_mirror_named_in_the_environment_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = index(world.root / "mirror", sorted(world.wheels.iterdir()))
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert "samebits-tin" in refusal(world.build)
    monkeypatch.setenv("UV_DEFAULT_INDEX", mirror)
    write_lock(world.source)
    world.build()
    assert "://" not in world.source.lock.read_text()


@pytest.fixture
def extra(world: World) -> World:
    """The world with an index declared in ``environment.yaml`` that alone has one of the wheels."""
    tinier = next(world.wheels.glob("samebits_tinier*"))
    url = index(world.root / "extra", [tinier])
    environment(world.root, "tiny", [f"--extra-index-url {url}", "samebits-tiny"])
    tinier.unlink()
    return world


def test_a_declared_index_gives_what_is_found_nowhere_else(
    extra: World, capfd: pytest.CaptureFixture[str]
) -> None:
    before = extra.source.lock.read_text().splitlines()[2:]
    write_lock(extra.source)
    assert extra.source.lock.read_text().splitlines()[2:] == before
    extra.build()
    assert capfd.readouterr().err.count("; asking file://") == 2
    make_wheels(extra.wheels)
    write_lock(extra.source)
    extra.build(force=True)
    assert "asking" not in capfd.readouterr().err


def test_a_declared_index_cannot_change_a_locked_file(extra: World) -> None:
    write_lock(extra.source)
    wheel(
        extra.root / "extra" / "samebits-tinier", "samebits_tinier", "2.0+cpu", {"samebits_tinier.py": "0\n"}
    )
    shutil.rmtree(extra.root / "cache")
    assert "samebits-tinier==2.0+cpu has none of the hashes" in refusal(extra.build)


def test_an_index_that_does_not_answer_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(world.root, "tiny", ["--extra-index-url http://127.0.0.1:9/simple", "samebits-tiny"])
    write_lock(world.source)
    next(world.wheels.glob("samebits_tinier*")).unlink()
    shutil.rmtree(world.root / "cache")
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index(world.root / "empty", []))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    message = refusal(world.build)
    assert "samebits-tinier" in message
    assert "http://127.0.0.1:9/simple did not help" in message
    assert "put its wheel into a folder that PIP_FIND_LINKS names" in message


# --- tampering before installation ---


def test_a_changed_hash_is_refused(world: World) -> None:
    lock = world.source.lock.read_text()
    world.edit_lock(r"(tinier==2.0\+cpu \\\n    --hash=sha256:)[0-9a-f]{8}", r"\g<1>00000000")
    message = refusal(world.build)
    assert "samebits-tinier==2.0+cpu has none of the hashes" in message
    assert str(world.source.lock) in message
    assert not (world.prefix / "environment.json").exists()
    world.source.lock.write_text(lock)
    world.build()


def test_a_changed_version_is_refused(world: World) -> None:
    lock = world.source.lock.read_text()
    world.edit_lock("samebits-tiny==1.0", "samebits-tiny==1.1")
    message = refusal(world.build)
    assert "there is no version of samebits-tiny==1.1" in message
    assert f"if {world.source.lock} was edited" in message
    wheel(world.wheels, "samebits_tiny", "1.1", {"samebits_tiny/__init__.py": "TINY = 11\n"})
    assert "samebits-tiny==1.1 has none of the hashes" in refusal(world.build)
    world.source.lock.write_text(lock)
    world.build()


def test_a_tampered_wheel_is_refused(world: World) -> None:
    wheel(world.wheels, "samebits_tinier", "2.0+cpu", {"samebits_tinier.py": "TINIER = 'evil'\n"})
    world.build()  # uv still has the file that was locked, and takes no other
    assert (world.prefix / MODULE).read_text() == "TINIER = True\n"
    shutil.rmtree(world.root / "cache")
    assert "samebits-tinier==2.0+cpu has none of the hashes" in refusal(lambda: world.build(force=True))
    make_wheels(world.wheels)
    world.build()


def test_a_broken_wheel_is_refused(world: World) -> None:
    path = next(world.wheels.glob("samebits_tinier*"))
    path.write_bytes(path.read_bytes()[:100])
    shutil.rmtree(world.root / "cache")
    message = refusal(world.build)
    assert "samebits-tinier==2.0+cpu" in message
    assert "run `samebits env build tiny` again" in message
    make_wheels(world.wheels)
    world.build()


def test_a_write_into_a_prefix_reaches_no_other(world: World) -> None:
    world.build()
    with (world.prefix / MODULE).open("a") as file:
        file.write("EVIL = True\n")
    build(world.source, world.root / "second")


def test_a_damaged_cache_of_uv_is_refused(world: World) -> None:
    world.build()
    cached = list((world.root / "cache").rglob("samebits_tinier.py"))
    assert cached
    for path in cached:
        path.write_text("TINIER = 'evil'\n")
    message = refusal(lambda: world.build(force=True))
    assert f"{MODULE} is not as samebits-tinier lists it" in message
    assert "uv cache clean samebits-tinier" in message
    shutil.rmtree(world.root / "cache")
    world.build()


# --- what the packages themselves list ---


def installed(world: World) -> tuple[dict[str, str], dict[str, str]]:
    """Build; return the pins and the files that came with the packages."""
    manifest = world.build()
    start = (SITE, "bin/samebits-tiny", "share")
    return dict(manifest.packages), {k: v for k, v in manifest.files.items() if k.startswith(start)}


def test_what_was_installed_is_what_was_locked(world: World) -> None:
    pins, files = installed(world)
    check_installed("tiny", world.prefix, world.prefix / SITE, pins, files)
    cases: list[tuple[dict[str, str], dict[str, str], str]] = [
        (pins | {"samebits-tiny": "1.1"}, files, "samebits-tiny=="),
        (pins | {"samebits-tiniest": "1"}, files, "samebits-tiniest==1 is in only one of"),
        ({"samebits-tiny": "1.0"}, files, "samebits-tinier==2.0+cpu is in only one of"),
        (pins, files | {f"{SITE}/evil.pth": "sha256:"}, f"no package lists {SITE}/evil.pth"),
        (pins, files | {f"{SITE}/__pycache__/evil.cpython-311.pyc": "sha256:"}, "evil.cpython-311.pyc"),
        (pins, {k: v for k, v in files.items() if k != MODULE}, f"samebits-tinier lacks its file {MODULE}"),
        (pins, files | {MODULE: "sha256:" + "0" * 64}, f"{MODULE} is not as samebits-tinier lists it"),
    ]
    for wrong_pins, wrong_files, complaint in cases:
        site = world.prefix / SITE
        message = refusal(
            lambda p=wrong_pins, f=wrong_files, s=site: check_installed("tiny", world.prefix, s, p, f)
        )
        assert complaint in message
        assert "samebits env build tiny" in message


def test_wheels_with_old_spellings_and_bytecode_of_their_own_are_built(world: World) -> None:
    files = {"dated.py": "X = 1\n", f"__pycache__/dated.{sys.implementation.cache_tag}.pyc": "not bytecode"}
    wheel(world.wheels, "Samebits_Dated", "2024.01.05", files)
    environment(world.root, "tiny", ["samebits.dated"])
    write_lock(world.source)
    assert world.build().packages == {"samebits-dated": "2024.1.5"}
    verify(world.prefix)


# --- verifying ---


@dataclass
class Tampering:
    """Something done to a prefix, and how it is told."""

    path: str
    act: Callable[[Path], object]
    told: str


def relink(path: Path) -> None:
    path.unlink()
    path.symlink_to("/bin/true")


TAMPERINGS = [
    Tampering(MODULE, lambda path: path.write_text("TINIER = 'evil'\n"), "changed"),
    Tampering(MODULE, lambda path: path.unlink(), "is missing"),
    Tampering(MODULE, relink, "changed"),
    Tampering(f"{SITE}/evil.pth", lambda path: path.write_text("import evil\n"), "was added"),
    Tampering(f"{SITE}/evil/__init__.py", lambda path: path.parent.mkdir() or path.touch(), "was added"),
    Tampering("bin/samebits-tiny", lambda path: path.write_text("#!/bin/sh\n"), "changed"),
    Tampering("bin/python", relink, "changed"),
    Tampering("pyvenv.cfg", lambda path: path.write_text("include-system-site-packages = true\n"), "changed"),
    Tampering(
        f"{SITE}/__pycache__/samebits_tinier.cpython-311.pyc", lambda path: path.write_bytes(b""), "changed"
    ),
]


@pytest.mark.parametrize("way", [verify, confirm])
@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda each: f"{each.path.split('/')[-1]} {each.told}")
def test_a_tampered_prefix_is_refused(
    world: World, tampering: Tampering, way: Callable[[Path], Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified_cache, "SETTLED", 0)
    world.build()
    way(world.prefix)
    assert remembered(world.prefix).holds()
    tampering.act(world.prefix / tampering.path)
    message = refusal(lambda: way(world.prefix))
    assert f"1 file differs from when it was built: {tampering.path} {tampering.told}" in message
    assert "environment tiny" in message
    assert f"run `samebits env build tiny {world.prefix} --force`" in message


def remembered(prefix: Path) -> VerifiedState:
    return VerifiedState.of(prefix, listing(prefix))


def test_a_change_that_keeps_size_and_time_is_found_by_what_no_program_can_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified_cache, "SETTLED", 0)
    world.build()
    confirm(world.prefix)
    path = world.prefix / MODULE
    before = path.stat()
    path.write_text(path.read_text().replace("True", "4321"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )
    assert f"{MODULE} changed" in refusal(lambda: confirm(world.prefix))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda kept: kept | {"second": kept["second"] - verified_cache.LIFETIME}, id="an hour old"
        ),
        pytest.param(lambda kept: kept | {"second": kept["second"] + 9}, id="from the future"),
        pytest.param(lambda kept: kept | {"state": "0"}, id="of another state"),
        pytest.param(lambda kept: [], id="damaged"),
    ],
)
def test_files_are_hashed_again_unless_they_were_within_the_hour(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(verified_cache, "SETTLED", 0)
    world.build()
    (world.prefix / MODULE).write_text("TINIER = 'evil'\n")
    forged = remembered(world.prefix)
    forged.keep()
    confirm(world.prefix)  # the twin: what is remembered is believed, if it is all as it was
    assert "changed" in refusal(lambda: verify(world.prefix))
    forged.path.write_text(json.dumps(change(json.loads(forged.path.read_text()))))
    assert "changed" in refusal(lambda: confirm(world.prefix))


def test_nothing_is_remembered_of_another_boot_another_user_or_a_moment_ago(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified_cache, "SETTLED", 60)  # longer than a busy machine takes to build it
    world.build()
    confirm(world.prefix)
    assert not remembered(world.prefix).path.exists()  # its files are too young
    monkeypatch.setattr(verified_cache, "SETTLED", 0)
    confirm(world.prefix)
    kept = remembered(world.prefix)
    assert kept.holds()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not kept.holds()
    monkeypatch.undo()
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(verified_cache, "BOOT", tmp_path / "boot")
    assert not remembered(world.prefix).holds()


def test_what_cannot_be_remembered_is_hashed_each_time_and_what_is_old_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified_cache, "SETTLED", 0)
    world.build()
    old = world.prefix.parent / f".{world.prefix.name}.verified-0"
    old.touch()
    os.utime(old, (0, 0))
    kept = remembered(world.prefix).path
    kept.mkdir()
    confirm(world.prefix)
    confirm(world.prefix)
    assert not old.exists()
    assert not [
        path for path in world.prefix.parent.iterdir() if path.name.startswith(kept.name) and path != kept
    ]


def test_of_many_differences_the_first_are_told_and_all_counted(world: World) -> None:
    world.build()
    for number in range(10):
        (world.prefix / f"evil{number}").touch()
    message = refusal(lambda: verify(world.prefix))
    assert "10 files differ" in message
    assert "evil2 was added, …" in message
    assert "evil3" not in message


def test_a_python_that_was_exchanged_is_refused(world: World) -> None:
    world.build()
    path = world.prefix / "environment.json"
    text = path.read_text()
    other = "3.11.99" if platform.python_version().startswith("3.11.") else "0"
    path.write_text(text.replace(f'"python":"{platform.python_version()}"', f'"python":"{other}"'))
    message = refusal(lambda: verify(world.prefix))
    assert f"was built on Python {other}, which has become {platform.python_version()}" in message
    path.write_text(text)
    verify(world.prefix)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda text: text[:-10], "is damaged"),
        (lambda text: text.replace(f'"{MODULE}":"sha256:', f'"{MODULE}":"sha256:0'), "digest does not fit"),
        (lambda text: text.replace("environment/1", "environment/9"), "samebits-environment/9"),
        (lambda text: text.replace('"lock":', '"key":'), "is damaged"),
        (lambda text: "[]", "is damaged"),
    ],
)
def test_a_damaged_manifest_is_refused(world: World, edit: Callable[[str], str], complaint: str) -> None:
    world.build()
    path = world.prefix / "environment.json"
    path.write_text(edit(path.read_text()))
    for call in (lambda: read(world.prefix), lambda: verify(world.prefix), world.build):
        message = refusal(call)
        assert complaint in message
        assert str(path) in message
        assert "--force" in message
    world.build(force=True)


def test_a_prefix_that_was_never_built_is_refused(tmp_path: Path) -> None:
    for prefix in (tmp_path, tmp_path / "absent"):
        assert "run `samebits env build" in refusal(lambda prefix=prefix: verify(prefix))


# --- several processes, and killed ones ---

BUILD = """
import os, signal, sys
from pathlib import Path
from samebits.environments import build, find, manifest_file
root, name, prefix, end = sys.argv[1:]
if end:  # die at the worst moment: all is installed, nothing recorded
    manifest_file.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
print(build(find(name, [Path(root)]), Path(prefix)).digest)
"""


def start(root: Path, name: str, prefix: Path, end: str = "") -> subprocess.Popen[str]:
    library = str(Path(samebits.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(root), name, str(prefix), end],
        env=os.environ | {"PYTHONPATH": library},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_build_killed_at_its_end_is_done_again(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    process = start(world.root, "tiny", world.prefix, "kill")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert (world.prefix / MODULE).exists()
    assert "no finished environment" in refusal(lambda: verify(world.prefix))
    (world.prefix / SITE / "left-over").touch()
    world.build()
    assert "installing 2 packages" in capfd.readouterr().err
    verify(world.prefix)


def test_builds_of_one_prefix_wait_for_each_other(world: World) -> None:
    key = (world.prefix.parent / f".{world.prefix.name}.lock").open("w")
    fcntl.flock(key, fcntl.LOCK_EX)
    processes = [start(world.root, "tiny", world.prefix) for _ in range(2)]
    for process in processes:  # both stand before the door
        assert process.stderr is not None
        assert "waiting, another process is building" in process.stderr.readline()
    key.close()
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0][0] == outputs[1][0] == verify(world.prefix).digest + "\n"
    assert "".join(stderr for _, stderr in outputs).count("installing 2 packages") == 1


def test_an_installer_that_outlives_its_build_keeps_others_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (world.prefix.parent / f".{world.prefix.name}.lock").open("w")
    with socket.create_server(("127.0.0.1", 0)) as server:  # an index that uv waits for
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        monkeypatch.delenv("UV_OFFLINE")
        process = start(world.root, "tiny", world.prefix)
        connection, _ = server.accept()
        process.kill()
        process.wait()
        with pytest.raises(BlockingIOError):
            fcntl.flock(key, fcntl.LOCK_EX | fcntl.LOCK_NB)
        connection.close()
    process.communicate()
    fcntl.flock(key, fcntl.LOCK_EX)  # free as soon as uv has ended
    key.close()
    monkeypatch.setenv("UV_OFFLINE", "1")
    world.build()


# --- sizes ---


def test_a_lock_has_the_size_of_its_wheels_which_is_told_first(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    size = sum(path.stat().st_size for path in world.wheels.iterdir())
    assert f"# {size} bytes to download\n" in world.source.lock.read_text()
    world.build()
    told = capfd.readouterr().err
    assert told.index(f"{size / 1000:.1f} kB unless uv has them") < told.index(" + samebits-tiny==1.0")


def test_without_the_cpu_build_the_large_one_is_named_with_its_size_and_not_taken(world: World) -> None:
    for kind in ("cpu", "gpu"):
        environment(world.root, f"kind-{kind}", [f"samebits-tinier==2.0{'+cpu' if kind == 'cpu' else ''}"])
        write_lock(find(f"kind-{kind}", [world.root]))
    lock = find("kind-gpu", [world.root]).lock
    lock.write_text(re.sub(r"# \d+ bytes", "# 2423752914 bytes", lock.read_text()))
    next(world.wheels.glob("samebits_tinier*")).unlink()
    shutil.rmtree(world.root / "cache")
    wheel(world.wheels, "samebits_tinier", "2.0", {"samebits_tinier.py": "TINIER = 'huge'\n"})
    message = refusal(lambda: build(find("kind-cpu", [world.root]), world.prefix))
    assert "there is no version of samebits-tinier==2.0+cpu" in message
    assert "the environment kind-gpu has the build with CUDA, 2.4 GB to download" in message


@pytest.mark.parametrize("name", known([ROOT]))
def test_the_locks_that_samebits_brings_tell_their_size(name: str) -> None:
    size = download_size(find(name, [ROOT]))
    assert size is not None
    assert (size > 400_000_000) == name.endswith("-gpu")


# --- the real thing ---


@pytest.fixture(scope="module")
def xgboost() -> Iterator[tuple[Source, Path]]:
    """The real environment, kept in the checkout's ignored cache and shared with other tests."""
    source, prefix = find("xgboost-cpu", [ROOT]), ROOT / ".samebits" / "envs" / "xgboost-cpu"
    build(source, prefix)
    yield source, prefix


def test_the_real_environment_works_and_stays_as_built(xgboost: tuple[Source, Path]) -> None:
    _, prefix = xgboost
    manifest = verify(prefix)
    assert manifest.packages["xgboost-cpu"] == "3.2.0"
    code = """
        import blake3, numpy, safetensors.numpy, xgboost
        data = xgboost.DMatrix(numpy.arange(8.0).reshape(4, 2), label=numpy.arange(4.0))
        print(xgboost.__version__, xgboost.train({"nthread": 1}, data, 2).num_boosted_rounds())
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [prefix / "bin/python", "-sPc", textwrap.dedent(code)]
    output = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["3.2.0", "2"]
    verify(prefix)


def test_a_build_killed_halfway_is_done_again_to_the_same_digest(
    xgboost: tuple[Source, Path], tmp_path: Path
) -> None:
    source, prefix = xgboost
    here = tmp_path / "xgboost-cpu"
    process = start(ROOT, "xgboost-cpu", here)
    while not (here / SITE / "scipy").exists():  # uv is in the middle of it
        assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    assert not (here / "environment.json").exists()
    assert build(source, here).digest == read(prefix).digest
    verify(here)


# --- uv's messages ---

OLD = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there is no version of tiny==1.1 and you require tiny==1.1, we
      can conclude that your requirements are unsatisfiable.
"""
OLD_HASH = """\
  \u00d7 Failed to download `tiny==1.0`
  ╰─▶ Hash mismatch for `tiny==1.0`

      Expected:
        sha256:00
"""
NEW = """\
error: No solution found when resolving dependencies
  cause: Because tiny was not found in the package registry and you require tiny==1.0, we can conclude \
that your requirements are unsatisfiable.

hint: Something long.
"""


@pytest.mark.parametrize(
    ("text", "told", "missing", "mismatch"),
    [
        (OLD, "there is no version of tiny==1.1", True, ""),
        (NEW, "tiny was not found in the package registry", True, ""),
        (OLD_HASH, "Failed to download `tiny==1.0`: Hash mismatch for `tiny==1.0`", False, "tiny==1.0"),
        ("error: A\n  cause: B\n  cause: B\n  cause: C\n", "A: B: C", False, ""),
    ],
)
def test_messages_of_uv_are_put_on_one_line(text: str, told: str, missing: bool, mismatch: str) -> None:
    error = failed(text.splitlines())
    assert (str(error), error.missing, error.mismatch) == (told, missing, mismatch)
