"""Publishing to a real index, channel and registry on loopback, and installing from them with plain tools."""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests
import yaml
from passlib.apache import HtpasswdFile

import conda_channel
import containers
import programs
import servers
from samebits.environments.lock import read_lock
from samebits.environments.specification import find
from samebits.packaging.metadata import CONDA
from workspace import ROOT

MODEL = "cancer-trees"
SECRET = "correct-horse-battery-staple"  # noqa: S105


@contextmanager
def index(folder):
    """Run a package index on a free port, which takes uploads with a password; yield its address."""
    folder.mkdir(exist_ok=True)
    users = HtpasswdFile(str(folder / "users"), new=True)
    users.set_password("me", SECRET)
    users.save()
    port = servers.free_port()
    (folder / "packages").mkdir(exist_ok=True)
    command = [Path(sys.executable).parent / "pypi-server", "run", "--host", "127.0.0.1", "--port", port]
    command += ["--passwords", folder / "users", "--authenticate", "update", "--disable-fallback"]
    with servers.running([*command, folder / "packages"], port, folder / "log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def web(folder):
    """Show a folder over HTTP; yield its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def published(packaged, tmp_path_factory):
    """A model published to an index, a channel and a registry by the workflow; all of them run on."""
    programs.need(*programs.CONTAINERS)
    folder = tmp_path_factory.mktemp("published")
    workspace = type(packaged)(folder / "work")
    shutil.copytree(packaged.folder, workspace.folder)
    with (
        index(folder / "index") as address,
        web(folder) as seen,
        containers.registry(folder / "registry") as registry,
    ):
        places = {
            "index": {"upload": address, "simple": f"{address}/simple"},
            "channel": {"place": str(folder / "channel")},
            "registry": {"place": f"{registry}/models", "plain_http": True},
        }
        config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
        workspace.write_config(**{**config, "publish": places})
        target = f"results/{MODEL}/published.json"
        variables = {"TWINE_USERNAME": "me", "TWINE_PASSWORD": SECRET}
        process = workspace.run(target, "--printshellcmds", **variables)
        assert process.returncode == 0, process.stdout
        yield workspace, folder, places, seen, process.stdout


def publish(workspace, places, *arguments, **variables):
    packages = workspace.results(MODEL) / "dist" / "packages.json"
    variables = {"TWINE_USERNAME": "me", "TWINE_PASSWORD": SECRET, **variables}
    return workspace.samebits("publish", packages, "--places", json.dumps(places), *arguments, **variables)


def test_no_password_is_in_anything_that_was_written(published):
    workspace, _, _, _, said = published
    assert SECRET not in said
    files = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert len(files) > 100
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_what_is_there_already_stays(published):
    workspace, _, places, _, _ = published
    done = json.loads((workspace.results(MODEL) / "published.json").read_text())
    assert [each["outcome"].split()[0] for each in done] == ["published"] * 5
    process = publish(workspace, places)
    assert process.returncode == 0, process.stdout
    assert process.stdout.count("is there already") == 5


def test_a_dry_run_sends_nothing(published, tmp_path):
    workspace, _, places, _, _ = published
    places = {**places, "channel": {"place": str(tmp_path / "new")}}
    process = publish(workspace, places, "--dry-run")
    assert process.returncode == 0, process.stdout
    assert process.stdout.count("would be published") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", ["index", "channel", "registry"])
def test_other_content_under_the_same_version_is_refused(published, place, tmp_path):
    workspace, _folder, places, _, _ = published
    other = type(workspace)(tmp_path / "other")
    shutil.copytree(workspace.folder, other.folder)
    config = yaml.safe_load((other.folder / "config" / "config.yaml").read_text())
    config["models"][MODEL]["package"] = {"summary": "another"}
    other.write_config(**config)
    process = other.run(f"results/{MODEL}/dist/packages.json")
    assert process.returncode == 0, process.stdout
    process = publish(other, {place: places[place]})
    assert process.returncode == 2, process.stdout
    assert "which is never replaced; raise the version in the config" in process.stdout


def test_a_wrong_password_is_told_and_not_shown(published, tmp_path):
    workspace, _, places, _, _ = published
    wheels = list((workspace.folder.parent / "index" / "packages").glob("*.whl"))
    wheels[0].rename(tmp_path / wheels[0].name)
    try:
        process = publish(workspace, {"index": places["index"]}, TWINE_PASSWORD="wrong-horse")  # noqa: S106
        assert process.returncode == 2
        assert "did not take" in process.stdout and "403" in process.stdout
        assert "wrong-horse" not in process.stdout
        assert process.stdout.count("\n") == 1
    finally:
        (tmp_path / wheels[0].name).rename(wheels[0])


def test_places_that_cannot_be_reached_are_told(published):
    workspace, _, _, _, _ = published
    for places, said in (
        (
            {"index": {"upload": "http://127.0.0.1:9", "simple": "http://127.0.0.1:9/simple"}},
            "cannot be asked",
        ),
        ({"registry": {"place": "127.0.0.1:9/x", "plain_http": True}}, "cannot be asked"),
        ({"channel": {"kind": "quetz", "place": "http://127.0.0.1:9", "name": "x"}}, "cannot be asked"),
    ):
        process = publish(workspace, places)
        assert process.returncode == 2 and said in process.stdout, process.stdout
        assert process.stdout.count("\n") == 1


def test_pip_installs_from_the_index(published, tmp_path):
    _, _, places, _, _ = published
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--index-url",
        places["index"]["simple"],
    ]
    subprocess.run([*command, MODEL], check=True, env={**os.environ, "PIP_FIND_LINKS": ""})
    done = subprocess.run([tmp_path / "env/bin" / MODEL, "--version"], capture_output=True, text=True)
    assert "numpy" in done.stderr or done.stdout == "0.1.0\n"
    subprocess.run([python, "-c", "import importlib.metadata as m; m.version('cancer-trees')"], check=True)


def test_rattler_installs_from_the_channel(published, packaged, tmp_path):
    _, _folder, _, seen, _ = published
    pins = read_lock(find("xgboost-cpu", [ROOT]))
    requirements = [f"{name}=={version}" for name, version in pins.items()]
    conda_channel.channel(tmp_path / "base", requirements, CONDA)
    with web(tmp_path / "base") as base:
        prefix = tmp_path / "prefix"
        conda_channel.install(
            [f"{seen}/channel", base], [MODEL, *(CONDA.get(pin, pin) for pin in pins)], prefix
        )
    done = subprocess.run([prefix / "bin" / MODEL, "check"], capture_output=True, text=True)
    assert done.returncode == 0 and "bit for bit" in done.stdout, done.stderr


def test_the_artifact_in_the_registry_holds_the_same_files(published):
    workspace, _, places, _, _ = published
    host, _, name = places["registry"]["place"].partition("/")
    base = f"http://{host}/v2/{name}/{MODEL}"
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    answer = requests.get(f"{base}/manifests/0.1.0", headers=accept, timeout=60)
    manifest = answer.json()
    done = json.loads((workspace.results(MODEL) / "published.json").read_text())
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    assert any(each["outcome"].endswith(digest) for each in done)
    titles = {
        layer["annotations"]["org.opencontainers.image.title"]: layer["digest"]
        for layer in manifest["layers"]
    }
    for title, digest in titles.items():
        data = requests.get(f"{base}/blobs/{digest}", timeout=60).content
        local = workspace.results(MODEL) / ("dist" if title != "receipt.dsse.json" else "") / title
        assert data == local.read_bytes()
    assert len(titles) == 3


def test_without_a_place_the_target_says_so(packaged):
    process = packaged.run("publish", "--dry-run", "--config", f"cache={packaged.cache}")
    assert process.returncode == 1
    assert "publish is missing; name an index, a channel or a registry below it" in process.stdout
