"""Programs that pip does not bring: whatever test needs one asks for it here, and nowhere else.

Where one is missing its tests are skipped, with the reason. With SAMEBITS_REQUIRE=1, as in CI, they fail.
"""

import os
import shutil
from typing import NoReturn

import pytest

#: what Debian's package is called, where it is not called like its program
PACKAGES = {
    "munged": "munge",
    "qemu-x86_64": "qemu-user",
    "sbatch": "slurm-client",
    "scancel": "slurm-client",
    "scontrol": "slurm-client",
    "sinfo": "slurm-client",
    "squeue": "slurm-client",
}

#: any of them shows a page
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

#: two builders of images, what runs, copies and keeps them, and what makes a base system
CONTAINERS = ("buildah", "podman", "skopeo", "runc", "mmdebstrap", "docker-registry")

#: daemons and commands that need nothing but a configuration to find the controller
SLURM = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")


def need(*names: str) -> list[str]:
    """Return the paths of programs; where one is missing the test that asks ends here."""
    found = {name: shutil.which(name) for name in names}
    if missing := [name for name, path in found.items() if path is None]:
        packages = sorted({PACKAGES.get(name, name) for name in missing})
        lack(f"not installed: {', '.join(missing)} (Debian: {', '.join(packages)})")
    return [path for path in found.values() if path is not None]


def need_browser() -> str:
    """Return the path of a browser."""
    (path,) = need(next((name for name in BROWSERS if shutil.which(name)), BROWSERS[0]))
    return path


def need_emulator() -> str:
    """Return the path of what runs programs on an emulated processor."""
    (path,) = need("qemu-x86_64")
    return path


def need_root(what: str) -> None:
    """End the test that asks here, unless it runs as root."""
    if os.geteuid() != 0:
        lack(f"only root may {what}")


def lack(reason: str) -> NoReturn:
    """Skip a test for something that this machine lacks; where nothing may be lacking, fail it."""
    if os.environ.get("SAMEBITS_REQUIRE"):
        pytest.fail(reason)
    pytest.skip(reason)
