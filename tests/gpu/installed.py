"""An environment of the packages that a Python has already, for a machine with a GPU and no package index.

What is tested then is the code on that machine's GPU; that a locked environment can be installed is not.
"""

import fcntl
import os
import subprocess
from pathlib import Path

import yaml

import training
from samebits.environments import find, manifest_file
from samebits.environments.backends.backend import interpreter_version
from samebits.environments.listing import digests, listing
from samebits.environments.manifest import FILE, Manifest, content_digest
from samebits.sealed.digest import file_digest

NAME = "installed"

#: which interpreter a Python is a virtual environment of, where its packages are, and which PyTorch is there
_ASK = """
import importlib.metadata, sys, sysconfig
torch = importlib.metadata.version("torch")
print(sys._base_executable, sysconfig.get_path("purelib"), torch, sep="\\n")
"""


def environment(root: Path) -> tuple[str, Path]:
    """Return the name and the prefix of what tests on GPUs train in.

    That is the locked environment ``pytorch-gpu``, or the packages of the Python that SAMEBITS_GPU_PYTHON
    names, which are then declared below ``root``.
    """
    if python := os.environ.get("SAMEBITS_GPU_PYTHON"):
        return NAME, adopt(Path(python), root, training.CACHE)
    return "pytorch-gpu", training.environment(training.CACHE, "pytorch-gpu")


def adopt(python: Path, root: Path, cache: Path) -> Path:
    """Declare the environment ``installed`` below ``root``, and lay it where the workflow would build it.

    Args:
        python: the Python.
        root: gets ``envs/installed``; its lock names PyTorch by the digest of what it says of itself.
        cache: the workflow's cache, which gets the prefix.

    Returns:
        The prefix. Its packages are a link, so that gigabytes are neither copied nor hashed.
    """
    asked = subprocess.run([python, "-c", _ASK], stdout=subprocess.PIPE, text=True, check=True)
    interpreter, packages = map(Path, asked.stdout.splitlines()[:2])
    torch = asked.stdout.splitlines()[2]
    declared = root / "envs" / NAME
    declared.mkdir(parents=True, exist_ok=True)
    minor = packages.parent.name.removeprefix("python")
    specification = {"name": NAME, "dependencies": [f"python={minor}", "pip", {"pip": ["torch"]}]}
    (declared / "environment.yaml").write_text(yaml.safe_dump(specification))
    source = find(NAME, [root])
    record = file_digest(packages / f"torch-{torch}.dist-info" / "RECORD")
    source.lock.write_text(
        f"# environment.yaml {file_digest(source.specification)}\ntorch=={torch} --hash={record}\n"
    )
    prefix = training.place(source, cache)
    prefix.mkdir(parents=True, exist_ok=True)
    with (prefix / "environment.lock").open("w") as file:  # several tests may run at once
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (prefix / FILE).exists():
            _lay(prefix, interpreter, packages, torch, file_digest(source.lock))
    return prefix


def _lay(prefix: Path, interpreter: Path, packages: Path, torch: str, lock: str) -> None:
    """Make a virtual environment of links, and write down what it holds."""
    site = prefix / "lib" / packages.parent.name / "site-packages"
    for folder in (site.parent, prefix / "bin"):
        folder.mkdir(parents=True)
    site.symlink_to(packages)
    (prefix / "bin" / "python").symlink_to(interpreter)
    (prefix / "pyvenv.cfg").write_text(f"home = {interpreter.parent}\ninclude-system-site-packages = false\n")
    version = interpreter_version(prefix)
    files = digests(prefix, [path for path in listing(prefix) if path != FILE])
    digest = content_digest(version, files)
    manifest_file.write(
        prefix,
        Manifest(
            name=NAME,
            lock=lock,
            python=version,
            digest=digest,
            packages={"torch": torch},
            files=files,
            backend="pip",
        ),
    )
