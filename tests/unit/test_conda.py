"""The backend conda on a real local channel, with conda-lock, py-rattler and uv themselves."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

import conda_channel
from environments_wheels import environment, wheel
from samebits.environments import Manifest, Source, build, find, sbom, verify
from samebits.environments.backends.conda import BACKEND, front, shim, solve
from samebits.environments.backends.conda.channels import MIRROR
from samebits.environments.backends.conda.package_cache import package_path
from samebits.sealed.errors import Refused

SITE = f"lib/python{conda_channel.PYTHON}/site-packages"
SAMEBITS = str(Path(sys.executable).parent / "samebits")


@dataclass
class World:
    """An environment ``tiny`` of Python, a conda package and a wheel, locked from a channel of its own.

    ``first`` is the manifest of an environment that was built from the same lock, in ``built``.
    """

    root: Path
    channel: Path
    source: Source
    built: Path
    first: Manifest

    def build(self, name: str = "prefix", *, force: bool = False) -> Manifest:
        return build(self.source, self.root / name, "conda", force=force)

    def respecify(self, old: str, new: str) -> None:
        text = self.source.specification.read_text()
        assert old in text
        self.source.specification.write_text(text.replace(old, new))


def refusal(call: Callable[[], object]) -> str:
    """Return the message with which a call is refused: always one line."""
    with pytest.raises(Refused) as refused:
        call()
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 1000
    return message


@pytest.fixture(scope="session")
def python_channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return conda_channel.channel(tmp_path_factory.mktemp("channel") / "conda-forge", [])


@pytest.fixture(scope="session")
def locked(python_channel: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The environment, locked once; tests work on copies."""
    root = tmp_path_factory.mktemp("locked")
    channel = root / "channels" / "conda-forge"
    shutil.copytree(python_channel, channel)
    files = {
        "share/tiny/where.txt": f"here: {conda_channel.PLACEHOLDER}\n",
        "share/tiny/plain.txt": "plain\n",
    }
    conda_channel.package(channel, "tiny-data", "1.0", files)
    conda_channel.index(channel)
    wheel(
        root / "wheels",
        "samebits_tinier",
        "2.0",
        {"samebits_tinier.py": "TINIER = True\n"},
        script="tinier = t:m",
    )
    folder = environment(root, "tiny", ["samebits-tinier"])
    text = (folder / "environment.yaml").read_text()
    (folder / "environment.yaml").write_text(text.replace("  - pip\n", "  - tiny-data\n", 1))
    with pytest.MonkeyPatch.context() as patch:
        surroundings(patch, root)
        source = find("tiny", [root])
        solve.write_lock(source)
        built = build(source, root / "built", "conda")
    # the variables are those before again: other tests of the session build real environments
    return World(root, channel, source, root / "built", built)


def surroundings(patch: pytest.MonkeyPatch, root: Path) -> None:
    patch.setenv(MIRROR, (root / "channels").as_uri())
    patch.setenv("SAMEBITS_PACKAGES", str(root / "packages"))
    patch.setenv("PIP_FIND_LINKS", str(root / "wheels"))
    patch.setenv("UV_CACHE_DIR", str(root / "uv"))
    patch.setenv("UV_OFFLINE", "1")
    patch.delenv(shim.CONDA, raising=False)


@pytest.fixture
def world(locked: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("channels", "wheels", "envs"):
        shutil.copytree(locked.root / name, tmp_path / name)
    surroundings(monkeypatch, tmp_path)
    channel = tmp_path / "channels" / "conda-forge"
    return World(tmp_path, channel, find("tiny", [tmp_path]), locked.built, locked.first)


# --- locking ---


def test_a_lock_has_hashes_and_names_no_place_of_this_machine(world: World) -> None:
    text = world.source.conda_lock.read_text()
    assert str(world.root) not in text and "file://" not in text
    packages = solve.read_lock(world.source, "linux-64")
    assert [each.name for each in packages] == ["python", "tiny-data"]
    for package in packages:
        assert package.url.startswith("https://conda.anaconda.org/conda-forge/")
        assert re.fullmatch("sha256:[0-9a-f]{64}", package.sha256)


def test_locking_at_another_time_with_another_cache_gives_the_same_bytes(world: World) -> None:
    before = {path.name: path.read_bytes() for path in world.source.folder.iterdir()}
    assert len(before) == 5
    for path in world.source.folder.iterdir():
        if path != world.source.specification:
            path.unlink()
    solve.write_lock(world.source)
    assert {path.name: path.read_bytes() for path in world.source.folder.iterdir()} == before


def test_a_lock_is_for_the_platforms_that_are_asked_for(world: World) -> None:
    python = (conda_channel.PYTHON + ".0", {"bin/python": "of another processor"})
    conda_channel.package(world.channel, "python", *python, subdir="linux-aarch64")
    conda_channel.index(world.channel)
    world.respecify("channels:", "platforms: [linux-64, linux-aarch64]\nchannels:")
    solve.write_lock(world.source)
    for platform in ("linux-64", "linux-aarch64"):
        packages = solve.read_lock(world.source, platform)
        assert [(each.name, each.subdir) for each in packages] == [
            ("python", platform),
            ("tiny-data", "noarch"),
        ]
        pins = solve.pin_file(world.source, platform).read_text()
        assert all(each.url in pins for each in packages)
    assert world.build().digest == world.first.digest  # what is for others does not count

    world.respecify("linux-aarch64", "osx-arm64")
    world.respecify("- python=", "- tiny-data\n  - python=")
    # there is no Python for osx-arm64 in this channel
    assert "osx-arm64" in refusal(lambda: solve.write_lock(world.source))
    world.respecify("osx-arm64", "sparc")
    assert "unknown platform 'sparc'; known: linux-64," in refusal(lambda: solve.write_lock(world.source))


def test_packages_that_do_not_fit_together_are_refused(world: World) -> None:
    conda_channel.package(world.channel, "picky", "1", {"share/picky": "x"}, ["tiny-data >=2"])
    conda_channel.index(world.channel)
    world.respecify("- tiny-data", "- tiny-data\n  - picky")
    message = refusal(lambda: solve.write_lock(world.source))
    assert "cannot be locked for conda: linux-64" in message
    assert "picky" in message and "tiny-data" in message
    conda_channel.package(world.channel, "tiny-data", "2.0", {"share/tiny/plain.txt": "two\n"})
    conda_channel.index(world.channel)
    solve.write_lock(world.source)  # the twin: with what it lacked it can be


def test_a_missing_channel_is_named(world: World) -> None:
    world.respecify("conda-forge", "absent")
    message = refusal(lambda: solve.write_lock(world.source))
    assert "channels/absent" in message
    assert "see that its channels can be reached" in message


def test_a_channel_may_be_a_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As conda-forge is: locked and installed over HTTP, to the same bytes as from the disk."""
    before = world.source.conda_lock.read_bytes()
    with served(world.root / "channels") as url:
        monkeypatch.setenv(MIRROR, url)
        solve.write_lock(world.source)
        assert world.source.conda_lock.read_bytes() == before
        assert world.build().digest == world.first.digest
        package = solve.read_lock(world.source, "linux-64")[1]
        package_path(package).unlink()
        next(world.channel.glob("noarch/tiny-data*")).write_bytes(b"evil")
        message = refusal(lambda: world.build(force=True))
        assert "tiny-data-1.0-0.tar.bz2" in message and package.sha256 in message
    assert url in refusal(lambda: solve.write_lock(world.source))  # nobody answers any more


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yield its URL."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_channel_may_stand_in_a_variable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.respecify("conda-forge", '"${MY_CHANNEL}"')
    monkeypatch.delenv(MIRROR)
    monkeypatch.setenv("MY_CHANNEL", world.channel.as_uri())
    solve.write_lock(world.source)
    assert "url: ${MY_CHANNEL}/" in world.source.conda_lock.read_text()
    world.build()
    monkeypatch.delenv("MY_CHANNEL")
    shutil.rmtree(world.root / "packages")
    assert "needs the variable MY_CHANNEL" in refusal(lambda: world.build(force=True))


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (
            lambda text: text.replace("# environment.yaml sha256:", "# environment.yaml sha256:0"),
            "was not made from",
        ),
        (
            lambda text: text.replace("platform: linux-64", "platform: osx-arm64"),
            "locks nothing for linux-64",
        ),
        (lambda text: re.sub("sha256: [0-9a-f]{64}", "sha256: null", text), "with a SHA-256"),
        (lambda text: text.replace("manager: conda", "manager: pip"), "no conda package"),
        (lambda text: text.replace(".conda\n", ".exe\n"), "has no URL of a package"),
        (lambda text: text[: len(text) // 2] + "\n]", "is damaged"),
        (lambda text: text.replace("package:", "parcel:"), "is damaged"),
    ],
)
def test_a_lock_that_is_not_fit_is_refused(world: World, edit: Callable[[str], str], complaint: str) -> None:
    text = world.source.conda_lock.read_text()
    assert edit(text) != text
    world.source.conda_lock.write_text(edit(text))
    message = refusal(world.build)
    assert complaint in message
    assert str(world.source.conda_lock) in message
    assert "samebits lock tiny" in message


def test_a_missing_lock_is_refused(world: World) -> None:
    world.source.conda_lock.unlink()
    assert "conda-lock.yml is missing: run `samebits lock tiny`" in refusal(world.build)


def test_other_backends_refuse_conda_packages(world: World) -> None:
    for backend in ("pip", "container"):
        message = refusal(lambda backend=backend: build(world.source, world.root / "other", backend))
        assert f"the {backend} backend cannot install 'tiny-data': set `backend: conda`" in message


# --- installing ---


def test_an_environment_is_built_checked_and_works(world: World) -> None:
    manifest = world.first
    assert manifest.backend == "conda"
    assert sorted(manifest.packages) == ["python", "samebits-tinier", "tiny-data"]
    prefix = world.built
    assert (prefix / "share/tiny/where.txt").read_text() == f"here: {prefix}\n"
    code = "import sys, samebits_tinier, ssl; print(sys.prefix, samebits_tinier.TINIER)"
    done = subprocess.run([prefix / "bin/python", "-sPc", code], env={}, capture_output=True, text=True)
    assert done.stdout.split() == [str(prefix), "True"], done.stderr
    assert verify(prefix) == manifest
    (file,) = prefix.glob(f"{SITE}/__pycache__/samebits_tinier.*.pyc")
    assert file.read_bytes()[4] == 1  # its hash is not compared with the source: bytecode depends on no time


def test_rebuilt_later_with_another_cache_every_file_is_the_same(world: World) -> None:
    # the world is a copy: another time, other caches of packages and wheels, and another prefix
    again = world.build()
    assert again.digest == world.first.digest
    assert again.files.keys() == world.first.files.keys()
    moved = {path for path in again.files if again.files[path] != world.first.files[path]}
    of_the_prefix = {"share/tiny/where.txt", "bin/tinier", f"{SITE}/samebits_tinier-2.0.dist-info/RECORD"}
    compiled = {path for path in moved if "/__pycache__/" in path}  # it holds the path of its source
    records = {path for path in moved if path.startswith("conda-meta/")}  # they hold that of the cache
    assert moved - compiled - records == of_the_prefix

    for cache in ("packages", "uv"):
        shutil.rmtree(world.root / cache)
    same_prefix = world.build(force=True)
    changed = {path for path in again.files if same_prefix.files.get(path) != again.files[path]}
    assert same_prefix.files.keys() == again.files.keys()
    assert {path.split("/")[0] for path in changed} <= {"conda-meta"}


def test_a_changed_package_is_another_digest(world: World) -> None:
    before = world.first.digest
    files = {
        "share/tiny/where.txt": f"here: {conda_channel.PLACEHOLDER}!\n",
        "share/tiny/plain.txt": "plain\n",
    }
    conda_channel.package(world.channel, "tiny-data", "1.0", files)
    conda_channel.index(world.channel)
    solve.write_lock(world.source)
    assert world.build().digest != before


def test_a_tampered_package_is_refused(world: World) -> None:
    path = next(world.channel.glob("noarch/tiny-data*"))
    good = path.read_bytes()
    conda_channel.package(world.channel, "tiny-data", "1.0", {"share/tiny/plain.txt": "evil\n"})
    message = refusal(world.build)
    assert "tiny-data-1.0-0.tar.bz2 has the hash sha256:" in message
    assert not (world.root / "prefix" / "environment.json").exists()
    path.write_bytes(good)
    world.build()


def test_a_package_that_is_gone_is_refused_and_nothing_is_solved_instead(world: World) -> None:
    path = next(world.channel.glob("noarch/tiny-data*"))
    path.unlink()
    conda_channel.package(world.channel, "tiny-data", "1.1", {"share/tiny/plain.txt": "newer\n"})
    conda_channel.index(world.channel)
    message = refusal(world.build)
    assert "tiny-data-1.0-0.tar.bz2 cannot be had" in message


def test_a_damaged_cache_is_fetched_again(world: World) -> None:
    world.build()
    package = solve.read_lock(world.source, "linux-64")[1]
    package_path(package).write_bytes(b"damaged")
    assert world.build(force=True).digest == world.first.digest


@pytest.mark.parametrize(
    "path",
    [
        "share/tiny/plain.txt",
        "share/tiny/where.txt",
        f"bin/python{conda_channel.PYTHON}",
        f"{SITE}/samebits_tinier.py",
    ],
)
def test_a_tampered_file_is_refused_by_name(world: World, path: str) -> None:
    file = world.built / path
    data = file.read_bytes()
    try:
        file.write_bytes(data + b"evil")
        message = refusal(lambda: verify(world.built))
    finally:
        file.write_bytes(data)
    verify(world.built)
    assert f"1 file differs from when it was built: {path} changed" in message
    assert f"run `samebits env build tiny {world.built} --backend conda --force`" in message


def test_the_command_verifies_a_prefix(world: World) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [SAMEBITS, "env", "verify", str(world.built)]
        return subprocess.run(command, cwd=world.root, capture_output=True, text=True)

    good = run()
    assert (good.returncode, good.stderr) == (0, "")
    assert world.first.digest in good.stdout
    file = world.built / "share/tiny/plain.txt"
    file.rename(world.root / "plain.txt")
    try:
        bad = run()
    finally:
        (world.root / "plain.txt").rename(file)
    assert (bad.returncode, bad.stdout) == (2, "")
    (line,) = bad.stderr.splitlines()
    assert line.startswith("samebits: environment tiny in ") and "share/tiny/plain.txt is missing" in line


def test_a_write_into_a_prefix_reaches_no_other(world: World) -> None:
    first = world.build()
    for path in first.files:
        assert (world.root / "prefix" / path).lstat().st_nlink == 1
    (world.root / "prefix/share/tiny/plain.txt").write_text("evil\n")
    world.build("second")
    assert (world.root / "second/share/tiny/plain.txt").read_text() == "plain\n"


# --- a conda of the user's ---


def test_a_named_conda_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, log = shim.write(world.root / "ours"), world.root / "log"
    theirs = world.root / "their-conda"
    theirs.write_text(f'#!/bin/sh\necho "$1" >> "{log}"\nexec "{ours}" "$@"\n')
    theirs.chmod(0o755)
    monkeypatch.setenv(shim.CONDA, str(theirs))
    assert world.build().digest == world.first.digest
    solve.write_lock(world.source)
    assert [line for line in log.read_text().split() if line == "create"] == ["create", "create"]


def test_a_conda_that_is_not_there_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shim.CONDA, "no-such-conda")
    for call in (world.build, lambda: solve.write_lock(world.source)):
        assert "SAMEBITS_CONDA names 'no-such-conda'" in refusal(call)


def test_what_our_conda_cannot_it_refuses() -> None:
    assert "cannot 'update --all'" in refusal(lambda: front.run(["update", "--all"]))


# --- environments that something else installed ---


def test_a_fresh_solve_is_found_by_the_check(world: World) -> None:
    BACKEND.check_prefix(world.source, built(world, "pinned", explicit=True))
    conda_channel.package(world.channel, "tiny-data", "1.1", {"share/tiny/plain.txt": "newer\n"})
    conda_channel.index(world.channel)
    solved = built(world, "solved", explicit=False)
    message = refusal(lambda: BACKEND.check_prefix(world.source, solved))
    assert "it lacks tiny-data-1.0-0, it has tiny-data-1.1-0: see that" in message
    assert "no conda environment" in refusal(lambda: BACKEND.check_prefix(world.source, world.root))


def built(world: World, name: str, *, explicit: bool) -> Path:
    """Do what Snakemake does: create from the pins or, if that fails, from the specification."""
    file = solve.pin_file(world.source, "linux-64") if explicit else world.source.specification
    start = [str(shim.write(world.root / "ours")), *([] if explicit else ["env"]), "create"]
    prefix = world.root / name
    subprocess.run([*start, "--quiet", "--file", str(file), "--prefix", str(prefix)], check=True)
    environ = {
        **os.environ,
        "CONDA_PREFIX": str(prefix),
        "PATH": f"{Path(SAMEBITS).parent}:{os.environ['PATH']}",
    }
    script = solve.post_deploy(world.source)
    subprocess.run(["bash", str(script)], check=True, cwd=world.root, env=environ)
    return prefix


# --- bills of materials ---


def test_a_bill_lists_conda_packages_with_their_hashes(world: World) -> None:
    sbom.write(world.source, "conda", world.root / "bom.json")
    components = json.loads((world.root / "bom.json").read_text())["components"]
    listed = {each["purl"].partition("?")[0]: each.get("hashes") for each in components}
    for package in solve.read_lock(world.source, "linux-64"):
        (found,) = listed.pop(f"pkg:conda/{package.name}@{package.version}")
        assert found == {"alg": "SHA-256", "content": package.sha256.removeprefix("sha256:")}
    assert set(listed) == {"pkg:pypi/samebits-tinier@2.0"}


# --- the command line ---


def test_all_environments_of_a_folder_are_locked(world: World) -> None:
    before = world.source.conda_lock.read_bytes()
    world.respecify("name: tiny", "# changed\nname: tiny")
    assert "was not made from" in refusal(world.build)
    done = subprocess.run([SAMEBITS, "lock"], cwd=world.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert world.source.conda_lock.read_bytes() != before
    world.build()


def test_without_the_extra_it_is_named(world: World) -> None:
    code = "import sys; sys.modules['rattler'] = None; import samebits.cli; samebits.cli.main()"
    blocked = "import importlib.util as u; f = u.find_spec\n"
    blocked += "u.find_spec = lambda name: f(name) if name != 'rattler' else None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code, "lock", "tiny"], cwd=world.root, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "samebits: rattler is not installed: run `pip install 'samebits[conda]'`\n"


def test_the_plan_of_our_conda_is_what_conda_lock_reads(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["create", "--prefix", "/p", "--dry-run", "--json", "--channel", "conda-forge", "tiny-data"]
    assert front.run(arguments) == 0
    plan = json.loads(capsys.readouterr().out)
    (fetch,) = plan["actions"]["FETCH"]
    assert fetch["url"] == "https://conda.anaconda.org/conda-forge/noarch/tiny-data-1.0-0.tar.bz2"
    assert (
        yaml.safe_load(world.source.conda_lock.read_text())["package"][1]["hash"]["sha256"] == fetch["sha256"]
    )
