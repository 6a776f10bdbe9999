"""The backend container with real builders, podman and a registry: one digest, whoever builds it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import containers
import programs
from samebits.environments import build, find, verify
from samebits.environments.backends.backend import Process
from samebits.environments.backends.container import BACKEND, base, layers, oci, registry, run
from samebits.sealed.errors import Refused
from workspace import ROOT

XGBOOST = find("xgboost-cpu", [ROOT])


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """Variables of a clean podman, for this process and all it starts."""
    programs.need(*programs.CONTAINERS)
    variables = containers.settings(tmp_path_factory.mktemp("containers"))
    variables["SAMEBITS_PACKAGES"] = str(tmp_path_factory.mktemp("packages"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv(base.BASE, raising=False)
        yield variables
        subprocess.run(["podman", "rmi", "--all", "--force"], stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def built(surroundings, tmp_path_factory):
    """The image of xgboost-cpu, built by buildah."""
    prefix = tmp_path_factory.mktemp("built") / "env"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMEBITS_CONTAINER_BUILDER", "buildah")
        build(XGBOOST, prefix, "container")
    return prefix


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def layer_of(prefix):
    """Return the file of the one layer of an environment's image."""
    manifest, _ = oci.image(prefix / "image", verify(prefix).digest)
    return prefix / "image/blobs/sha256" / manifest["layers"][0]["digest"].removeprefix("sha256:")


def command(prefix, code, scratch):
    """Return the command that runs some Python as a measured process is run."""
    process = Process(
        command=["python", "-c", code], variables={"HOME": str(scratch)}, readable=[], writable=scratch
    )
    started, _ = BACKEND.command(prefix, verify(prefix), process)
    return started


def in_container(prefix, code, scratch):
    """Run some Python as a measured process is run; return the finished podman."""
    started = command(prefix, code, scratch)
    return subprocess.run(started, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# --- building ---


def test_another_builder_with_a_clean_storage_builds_the_same_digest(built, tmp_path, monkeypatch):
    """From nothing: the base system is made again, the wheels are unpacked again, the images are unknown."""
    for name, value in containers.settings(tmp_path / "storage").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAMEBITS_CONTAINER_BUILDER", "podman")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("SAMEBITS_PACKAGES", str(tmp_path / "packages"))
    before = os.umask(0o077)
    try:
        again = build(XGBOOST, tmp_path / "env", "container")
    finally:
        os.umask(before)
    assert again == verify(built)  # down to every file: the digest covers the whole image


def test_what_was_made_of_other_files_has_another_digest(built, tmp_path):
    layer = layer_of(built)
    digests = []
    for number, extra in enumerate((b"", b"x")):
        changed = tmp_path / f"{number}.tar"
        with tarfile.open(layer) as old, tarfile.open(changed, "w") as new:
            for member in reversed(old.getmembers()):  # order and times do not matter
                if "/xgboost/" in member.name and member.name.endswith(".py"):
                    data = old.extractfile(member).read() + (
                        extra if member.name.endswith("core.py") else b""
                    )
                    member.size, member.mtime, member.uname = len(data), 1_000_000, "someone"
                    new.addfile(member, BytesIO(data))
        layers.rewrite(changed, tmp_path / f"{number}-rewritten.tar")
        description = {"name": "a", "lock": "b", "python": "3.11", "packages": {}}
        digests.append(
            oci.write(tmp_path / f"image-{number}", tmp_path / f"{number}-rewritten.tar", description)
        )
        if not number:
            layers.rewrite(changed, tmp_path / "again.tar")
            assert oci.write(tmp_path / "image-again", tmp_path / "again.tar", description) == digests[0]
    assert digests[0] != digests[1]


def test_a_rewritten_layer_is_rewritten_to_itself(built, tmp_path):
    layer = layer_of(built)
    layers.rewrite(layer, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == layer.read_bytes()


def test_it_does_not_matter_how_a_builder_names_its_files(tmp_path):
    """docker exports them without ``./``, and marks a file system as its own by a file."""
    for number, names in enumerate((["usr/.keep", ".keep"], ["./.keep", "./usr/.keep", ".dockerenv"])):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as archive:
            for name in names:
                archive.addfile(tarfile.TarInfo(name))
        layers.rewrite(tmp_path / f"{number}.tar", tmp_path / f"{number}-rewritten.tar")
    first, second = ((tmp_path / f"{number}-rewritten.tar").read_bytes() for number in range(2))
    assert first == second
    with tarfile.open(tmp_path / "0-rewritten.tar") as archive:
        assert archive.getnames() == [".keep", "dev", "proc", "run", "sys", "tmp", "usr/.keep"]


def test_an_image_holds_no_time_no_host_and_no_bytecode(built):
    _, config = oci.image(built / "image", verify(built).digest)
    assert config["created"] == "1970-01-01T00:00:00Z"
    with tarfile.open(layer_of(built)) as archive:
        for member in archive:
            assert (member.mtime, member.uname, member.gname) == (0, "", "")
            assert not (member.name.startswith("samebits-environment") and member.name.endswith(".pyc"))
            assert not member.name.startswith(("etc/apt/", "etc/hostname", "var/log/"))
    assert str(Path(sys.prefix)) not in str(config)


def test_a_base_must_be_named_by_its_digest(surroundings, monkeypatch):
    monkeypatch.setenv(base.BASE, "docker.io/library/python:3.11")
    assert "name the image by its digest" in refusal(lambda: BACKEND.check(XGBOOST))
    monkeypatch.setenv(base.BASE, "docker.io/library/python@sha256:" + "0" * 64)
    BACKEND.check(XGBOOST)


def test_an_image_may_stand_on_one_that_is_named(built, tmp_path, monkeypatch):
    with containers.registry(tmp_path / "registry") as place:
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
        (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation = "{place}"\ninsecure = true\n')
        image = podman("import", "--quiet", str(base.root()))
        podman("push", "--quiet", "--digestfile", str(tmp_path / "digest"), image, f"docker://{place}/base")
        digest = (tmp_path / "digest").read_text()
        monkeypatch.setenv(base.BASE, f"{place}/base@{digest}")
        build(XGBOOST, tmp_path / "env", "container")
        # the same base system gives the same files; that it was named is part of the image's description
        assert layer_of(tmp_path / "env").name == layer_of(built).name
        assert verify(tmp_path / "env").digest != verify(built).digest
        podman("rmi", "--all", "--force")
        monkeypatch.setenv(base.BASE, f"{place}/base@sha256:{'0' * 64}")
        message = refusal(lambda: build(XGBOOST, tmp_path / "env", "container"))
        assert "the image cannot be built" in message and "manifest unknown" in message


def podman(*arguments):
    """Run podman; return what it printed."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_builder_that_is_not_there_is_refused(surroundings, monkeypatch):
    monkeypatch.setenv("SAMEBITS_CONTAINER_BUILDER", "kaniko")
    assert "'kaniko': give an installed one of buildah, podman, docker" in refusal(
        lambda: BACKEND.check(XGBOOST)
    )
    monkeypatch.delenv("SAMEBITS_CONTAINER_BUILDER")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "needs one of buildah, podman, docker" in refusal(lambda: BACKEND.check(XGBOOST))


# --- running ---


def test_a_process_in_it_has_no_network_and_writes_only_its_folder(built, tmp_path):
    code = f"""
import os
print(sorted(os.listdir("/sys/class/net")), open("/proc/self/environ").read().strip(chr(0)))
import xgboost
open({str(tmp_path / "written")!r}, "w").close()
for path in ("/samebits-environment/evil", "/usr/evil"):
    try:
        open(path, "w")
    except OSError as error:
        print(error.errno)
"""
    done = in_container(built, code, tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == [f"['lo'] HOME={tmp_path}", "30", "30"]
    assert (tmp_path / "written").exists()


def running():
    return podman("ps", "--quiet").split()


def started(prefix, scratch):
    """Start a process that would never end; return its podman when it runs."""
    os.mkfifo(scratch / "started")
    code = f"open({str(scratch / 'started')!r}, 'w').close(); import signal; signal.pause()"
    process = subprocess.Popen(command(prefix, code, scratch))
    (scratch / "started").read_bytes()  # waits until the container writes
    while not running():  # and until podman knows of it
        assert process.poll() is None
    return process


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_the_process_in_it(built, tmp_path, name):
    process = started(built, tmp_path)
    process.send_signal(signal.Signals[name])
    assert process.wait() != 0
    assert running() == []


def test_the_exit_status_is_that_of_the_process(built, tmp_path):
    assert in_container(built, "raise SystemExit(2)", tmp_path).returncode == 2


def test_what_a_killed_podman_leaves_behind_is_ended_by_the_next_start(built, tmp_path):
    process = started(built, tmp_path)
    process.kill()
    process.wait()
    (left,) = running()
    assert in_container(built, "print('next')", tmp_path).stdout.endswith("next\n")
    assert running() == []
    assert subprocess.run(["podman", "container", "exists", left]).returncode == 1


def test_a_file_changed_in_podmans_storage_is_refused_by_name(built, surroundings, tmp_path):
    run.load(built, verify(built))
    graph = Path(surroundings["CONTAINERS_STORAGE_CONF"]).parent / "graph"
    place = "samebits-environment/lib/python3.11/site-packages/xgboost/core.py"
    (file,) = graph.glob(f"overlay/*/diff/{place}")
    text = file.read_text()
    try:
        file.write_text(text + "# changed\n")
        assert "xgboost/core.py was changed in podman's storage" in refusal(
            lambda: run.load(built, verify(built))
        )
    finally:
        file.write_text(text)
    run.load(built, verify(built))


def test_a_damaged_image_is_refused(built, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    verify(copy)
    blob = max(copy.glob("image/blobs/sha256/*"), key=lambda path: path.stat().st_size)
    with blob.open("r+b") as file:
        file.seek(1000)
        file.write(b"x")
    message = refusal(lambda: verify(copy))
    assert f"image/blobs/sha256/{blob.name} changed" in message
    assert "--backend container --force" in message


# --- registries ---


def samebits(*arguments):
    """Run the command; return what it printed."""
    command = [Path(sys.executable).parent / "samebits", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_an_image_is_pushed_and_pulled_by_its_digest(built, tmp_path):
    with containers.registry(tmp_path / "registry") as place:
        reference = samebits("env", "push", built, f"{place}/envs/xgboost", "--plain-http")
        assert reference == f"{place}/envs/xgboost@{verify(built).digest}"
        samebits("env", "pull", reference, tmp_path / "pulled", "--plain-http")
        pulled = verify(tmp_path / "pulled")
        assert (tmp_path / "pulled/environment.json").read_bytes() == (
            built / "environment.json"
        ).read_bytes()
        assert pulled == verify(built)
        other = reference[:-1] + ("1" if reference.endswith("0") else "0")
        assert "cannot be pulled" in refusal(
            lambda: registry.pull(other, tmp_path / "other", plain_http=True)
        )
        # the twin: what a registry has changed is not taken
        blob = max((tmp_path / "registry").rglob("data"), key=lambda path: path.stat().st_size)
        with blob.open("r+b") as file:
            file.write(b"evil")
        message = refusal(lambda: registry.pull(reference, tmp_path / "evil", plain_http=True))
        assert "cannot be pulled" in message
        assert not (tmp_path / "evil/environment.json").exists()
    for wrong in ("xgboost", f"{place}/xgboost:latest", f"{place}/x@sha256:0"):
        assert "names no image by its digest" in refusal(
            lambda wrong=wrong: registry.pull(wrong, tmp_path / "x")
        )


# --- serving ---


def test_a_model_is_served_from_the_image_of_its_environment(built, packaged, tmp_path):
    layouts = [tmp_path / "layout", tmp_path / "again"]
    digests = []
    for folder in layouts:
        packages = packaged.results("cancer-trees") / "dist" / "packages.json"
        arguments = ["--environment", built / "environment.json", "--layout", folder]
        process = packaged.samebits("image", packages, *arguments, "--output", tmp_path / "digest.txt")
        assert process.returncode == 0, process.stdout
        digests.append((tmp_path / "digest.txt").read_text())
    assert digests[0] == digests[1]
    assert subprocess.run(["diff", "-r", *layouts]).returncode == 0

    podman = ["podman", "pull", "--quiet", "oci:layout"]
    done = subprocess.run(podman, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)
    image = done.stdout.strip()
    module = packaged.results("cancer-trees") / "package" / "staging" / "cancer_trees"
    example = load_file(module / "example.safetensors")
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    np.save(shared / "rows.npy", example["input.rows"])
    isolated = ["--rm", "--network=none", "--read-only", f"--volume={shared}:/shared"]
    arguments = ["predict", "/shared/rows.npy", "--output", "/shared/outputs.npy"]
    subprocess.run(["podman", "run", *isolated, image, *arguments], check=True)
    found = np.load(shared / "outputs.npy")
    assert found.tobytes() == example["predictions"].tobytes()

    # as a service, which is asked from inside: these containers have no network
    start = ["podman", "run", "--detach", *isolated, image]
    container = subprocess.run(start, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        exchange = ["podman", "exec", "--interactive", container, f"{oci.FOLDER}/bin/python", "-c", ASK]
        rows = json.dumps({"inputs": example["input.rows"].tolist()})
        asked = subprocess.run(exchange, input=rows, check=True, stdout=subprocess.PIPE, text=True)
        assert json.loads(asked.stdout)["predictions"] == example["predictions"].tolist()
    finally:
        subprocess.run(["podman", "rm", "--force", "--time", "1", container], stdout=subprocess.DEVNULL)


#: waits until the service is there, and asks it
ASK = """
import socket, sys, urllib.request
while True:
    try:
        socket.create_connection(("127.0.0.1", 8080)).close()
        break
    except ConnectionRefusedError:
        pass
request = urllib.request.Request("http://127.0.0.1:8080/invocations", sys.stdin.read().encode())
print(urllib.request.urlopen(request).read().decode())
"""


def test_an_image_stands_on_the_models_own_environment_only(built, packaged, tmp_path):
    packages = packaged.results("wine-pipeline") / "dist" / "packages.json"
    arguments = ["--environment", built / "environment.json", "--layout", tmp_path / "layout"]
    process = packaged.samebits("image", packages, *arguments, "--output", tmp_path / "digest.txt")
    assert process.returncode == 2
    assert "wine_pipeline-0.1.0-py3-none-any.whl needs scikit-learn" in process.stdout
    assert not (tmp_path / "layout").exists()
