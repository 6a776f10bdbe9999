"""Real containers for tests: podman's settings and storage of their own, and a registry on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import servers

_CONTAINERS = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
netns = "none"
"""


def settings(folder: Path) -> dict[str, str]:
    """Write podman's settings with an empty storage in a folder; return the variables that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "containers.conf").write_text(_CONTAINERS)
    places = f'graphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    (folder / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\n{places}')
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run Debian's registry on a free port of loopback; yield its HOST:PORT."""
    folder.mkdir()
    port = servers.free_port()
    (folder / "config.yml").write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}/store\n"
        f"http:\n  addr: 127.0.0.1:{port}\nlog:\n  level: error\n"
    )
    with servers.running(["docker-registry", "serve", folder / "config.yml"], port, folder / "log"):
        yield f"127.0.0.1:{port}"
