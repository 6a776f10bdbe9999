"""Build the image of an environment, to the same digest by whatever builder and however often."""

import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from jinja2 import Environment, StrictUndefined

import samebits
from samebits.environments import uv
from samebits.environments.backends.container import base, layers, oci
from samebits.environments.backends.container.programs import builder, call
from samebits.environments.backends.pip import explain
from samebits.environments.listing import digests, listing
from samebits.environments.lock import PLATFORM, read_lock
from samebits.environments.manifest import Manifest
from samebits.environments.records import check_installed
from samebits.environments.size import announce
from samebits.environments.specification import Source, specification
from samebits.sealed.digest import canonical_json
from samebits.sealed.errors import Refused


def template() -> Path:
    """Return what a Containerfile is made of."""
    return samebits.root() / "containers" / "Containerfile.jinja"


def build(source: Source, prefix: Path, key: int, lock: str) -> Manifest:
    """Build the image into an empty prefix and check every file of the environment in it.

    Args:
        source: the environment.
        prefix: the folder.
        key: a file that stays open while uv runs, so that others are kept out.
        lock: the digest of all that it is made from.

    Raises:
        Refused: a package cannot be had or is not what the lock says, or the build fails.
    """
    pins, python = read_lock(source), specification(source).python
    root = base.root()
    announce(source, len(pins), prefix)
    with tempfile.TemporaryDirectory(dir=prefix, prefix=".build-") as scratch:
        context = Path(scratch) / "context"
        _fill(source, context / "environment", pins, key)
        if root:
            shutil.copyfile(root, context / "root.tar")
        (context / "Containerfile").write_text(_containerfile(bool(root)))
        _build(source, context, Path(scratch) / "built.tar")
        _check_python(source, Path(scratch) / "built.tar", python)
        layers.rewrite(Path(scratch) / "built.tar", Path(scratch) / "layer.tar")
        description = {"name": source.name, "lock": lock, "python": python, "packages": pins}
        digest = oci.write(prefix / oci.IMAGE, Path(scratch) / "layer.tar", description)
    return describe(prefix, digest)


def describe(prefix: Path, digest: str) -> Manifest:
    """Return the manifest of the environment whose image lies in a prefix; list its contents beside it.

    Raises:
        Refused: the image is damaged or not one that samebits made.
    """
    _, config = oci.image(prefix / oci.IMAGE, digest)
    described = json.loads(config["config"]["Labels"][oci.LABEL])
    (prefix / oci.CONTENTS).write_bytes(canonical_json(oci.contents(prefix / oci.IMAGE, digest)))
    return Manifest(
        name=described["name"],
        lock=described["lock"],
        python=described["python"],
        digest=digest,
        packages=described["packages"],
        files=digests(prefix, listing(prefix)),
        backend="container",
    )


def _fill(source: Source, folder: Path, pins: dict[str, str], key: int) -> None:
    """Make the environment's folder as it is in the image: a virtual environment upon the base's Python."""
    wanted = specification(source)
    site = folder / "lib" / f"python{wanted.python}" / "site-packages"
    site.mkdir(parents=True)
    arguments = ["pip", "install", "--require-hashes", "--no-deps", "--no-build", "--link-mode=copy"]
    arguments += ["--python", sys.executable, "--target", str(site)]
    arguments += ["--python-version", wanted.python, "--python-platform", PLATFORM]
    try:
        uv.run([*arguments, "--requirements", str(source.lock)], indexes=wanted.indexes, keep_open=[key])
    except uv.UvFailed as error:
        raise Refused(explain(source, error)) from None
    (site / ".lock").unlink(missing_ok=True)  # uv's own
    check_installed(source.name, folder, site, pins, digests(folder, listing(folder)))
    _drop_launchers(site)
    (folder / "bin").mkdir()
    for name in ("python", "python3"):
        (folder / "bin" / name).symlink_to(f"/usr/bin/python{wanted.python}")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (folder / "environment.json").touch()  # the manifest is put here when a container starts
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _drop_launchers(site: Path) -> None:
    """Remove console scripts: they name this machine's Python, and so do their hashes in RECORD."""
    shutil.rmtree(site / "bin", ignore_errors=True)
    for record in site.glob("*.dist-info/RECORD"):
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("bin/")))


def _containerfile(with_root: bool) -> str:
    """Fill in the template."""
    form = Environment(undefined=StrictUndefined, autoescape=False).from_string(template().read_text())  # noqa: S701
    return form.render(
        base="scratch" if with_root else base.setting(),
        root="root.tar" if with_root else "",
        folder=oci.FOLDER,
    )


def _build(source: Source, context: Path, output: Path) -> None:
    """Let the builder follow the Containerfile, and take the whole file system from it as a tar file."""
    name, what = builder(), f"environment {source.name}: the image cannot be built"
    uv.say(f"environment {source.name}: building an image by {name}")
    if name == "docker":
        tag = f"samebits-build:{output.parent.name.strip('.').lower().replace('_', '-')}"
        call(
            ["docker", "build", "--no-cache", "--file", "Containerfile", "--tag", tag, "."],
            what,
            folder=context,
        )
        container = call(["docker", "create", tag, "/bin/true"], what).strip()
        call(["docker", "export", "--output", str(output), container], what)
        call(["docker", "rm", container], what)
        call(["docker", "rmi", tag], what)
        return
    identity = output.with_suffix(".id")  # the image itself is not wanted: podman gets it from the prefix
    command = [name, "build", "--isolation=chroot", "--no-cache", "--timestamp=0", f"--iidfile={identity}"]
    command += ["--file", "Containerfile", "--output", f"type=tar,dest={output}", "."]
    call(command, what, folder=context)
    if identity.is_file() and (image := identity.read_text().strip()):
        call([name, "rmi", "--force", image], what)


def _check_python(source: Source, built: Path, python: str) -> None:
    with tarfile.open(built, "r:") as archive:
        names = {layers.path(member) for member in archive}
    if f"usr/bin/python{python}" not in names:
        raise Refused(
            f"environment {source.name} is for Python {python}, and the base has no /usr/bin/python{python}: "
            f"let {base.BASE} name one that has"
        )
