"""What the workflow's tests share."""

import fcntl
import os
import shutil
from dataclasses import replace

import pytest

import training
from workspace import CACHE, Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture(scope="module")
def module_workspace(tmp_path_factory):
    """A workspace that the tests of a file share."""
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def workspaces(tmp_path_factory):
    """Make a workspace that several tests share."""
    return lambda name: Workspace(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def pytorch():
    """Where the environment of PyTorch lies."""
    return training.environment(CACHE)


@pytest.fixture
def bench(tmp_path, pytorch):
    """Measured processes of PyTorch without a workflow around them."""
    return training.bench(tmp_path, pytorch)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The worked examples, run once from an empty folder without a config, for all that test at once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    demo = Workspace(shared / "demo")
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not demo.folder.exists():
            demo.folder.mkdir()
            process = demo.run_examples()
            (shared / "demo.txt").write_text(process.stdout)
            (shared / "demo.status").write_text(str(process.returncode))
    assert (shared / "demo.status").read_text() == "0", (shared / "demo.txt").read_text()
    return demo


@pytest.fixture(scope="session")
def packaged(demo, tmp_path_factory):
    """The worked examples with their packages, in a folder of their own."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "packaged.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packaged = replace(demo, folder=shared / "packaged")
        if not packaged.folder.exists():
            shutil.copytree(demo.folder, packaged.folder)
            process = packaged.run("package", "--config", f"cache={CACHE}")
            assert process.returncode == 0, process.stdout
    return packaged
