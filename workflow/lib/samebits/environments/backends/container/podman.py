"""Run a measured process in an environment's image: no network, nothing writable but the run's folder."""

import hashlib
from pathlib import Path

from samebits.environments.backends.backend import Process
from samebits.environments.backends.container import oci
from samebits.environments.backends.container.programs import call, need
from samebits.environments.manifest import FILE, Manifest
from samebits.sealed.errors import Refused

#: hashes the environment's files in a container and prints the first that is not as listed
_CHECK = """
import hashlib, json, os, sys
listed = json.load(sys.stdin)
found = {}
for folder, _, names in os.walk("."):
    for name in names:
        path = os.path.join(folder, name)[2:]
        if os.path.islink(path):
            found[path] = "-> " + os.readlink(path)
        else:
            with open(path, "rb") as file:
                found[path] = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
other = sorted(path for path in listed.keys() | found.keys() if listed.get(path) != found.get(path))
print(other[0] if other else "")
"""
#: the first process of a container is deaf to SIGTERM unless it says otherwise; so this one is a shell that
#: ends all others
_FIRST = 'trap "kill -KILL -1" TERM INT HUP; "$@" & wait $!'
_ISOLATED = (
    "--rm",
    "--network=none",
    "--read-only",
    "--pull=never",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)


def load(prefix: Path, manifest: Manifest) -> str:
    """Make sure that podman has the image as it lies in the prefix; return its ID.

    Raises:
        Refused: podman is missing or fails, or a file of the environment in its storage was changed.
    """
    podman = need("podman", "running in a container")
    read, _ = oci.image(prefix / oci.IMAGE, manifest.digest)
    image = str(read["config"]["digest"]).removeprefix("sha256:")
    what = f"environment {manifest.name}: podman cannot load its image"
    images = call([podman, "images", "--quiet", "--no-trunc"], what).split()
    if f"sha256:{image}" not in images:
        # podman makes an image name of the path, and not every path is a valid one
        got = call([podman, "pull", "--quiet", f"oci:{oci.IMAGE}"], what, folder=prefix).strip()
        if got.removeprefix("sha256:") != image:
            raise Refused(f"{what}: it is {got}, and was to be {image}")
    command = [podman, "run", *_ISOLATED, "--interactive", f"--workdir={oci.FOLDER}", image]
    command += [f"{oci.FOLDER}/bin/python", "-ISBc", _CHECK]
    changed = call(command, what, stdin=(prefix / oci.CONTENTS).read_text()).strip()
    if changed:
        raise Refused(
            f"environment {manifest.name}: {changed} was changed in podman's storage: run "
            f"`podman rmi --force {image[:12]}`, and it is loaded anew"
        )
    return image


def command(image: str, prefix: Path, process: Process) -> list[str]:
    """Return podman's command line that runs a process.

    A container has the name of its run's folder. One that a killed podman left behind is ended first.

    Args:
        image: the image's ID.
        prefix: the environment's folder; its manifest is shown to the process.
        process: what is to be run. It sees files by the paths that they have outside, and the interpreter is
            the image's.
    """
    name = f"samebits-{hashlib.sha256(str(process.writable).encode()).hexdigest()[:16]}"
    mounts = [_mount(prefix / FILE, f"{oci.FOLDER}/{FILE}", "ro")]
    mounts += [_mount(path, str(path), "ro") for path in dict.fromkeys(process.readable)]
    mounts.append(_mount(process.writable, str(process.writable), "rw"))
    set_variables = [f"{key}={value}" for key, value in process.variables.items()]
    return [
        need("podman", "running in a container"),
        "run",
        *_ISOLATED,
        f"--name={name}",
        "--replace",
        f"--workdir={process.variables['HOME']}",
        *mounts,
        image,
        *("/bin/sh", "-c", _FIRST, "sh"),
        # podman sets variables of its own, which a measured process may not see
        "/usr/bin/env",
        "--ignore-environment",
        *set_variables,
        f"{oci.FOLDER}/bin/python",
        *process.command[1:],
    ]


def _mount(source: Path, target: str, mode: str) -> str:
    if "," in f"{source}{target}" or '"' in f"{source}{target}":
        raise Refused(f"{source}: a path with a comma or a quote cannot be shown to a container: rename it")
    return f"--mount=type=bind,source={source},target={target},{mode}=true"
