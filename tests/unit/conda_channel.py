"""A real conda channel on the disk: the running CPython and wheels, packed as conda packages.

The same input gives the same bytes, but for the time in the index. So locks of it can be made anew.
"""

import asyncio
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename
from rattler.index import index_fs
from rattler_build import assemble_package

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PYTHON = ".".join(platform.python_version_tuple()[:2])
#: what no test needs of the standard library
LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "turtledemo", "tkinter", "__pycache__", "ensurepip"}


def channel(folder: Path, wheels: Sequence[Path]) -> Path:
    """Write a channel with Python and some wheels into a folder; return it."""
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        _python(folder, Path(scratch) / "python")
        for wheel in wheels:
            _wheel(folder, wheel, Path(scratch) / wheel.name)
    index(folder)
    return folder


def index(folder: Path) -> None:
    """Write the index of a channel anew."""
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False, force=True))


def package(channel: Path, name: str, version: str, files: Path, depends: Sequence[str] = ()) -> Path:
    """Pack a folder as a conda package that needs no Python; return the file."""
    _settle(files)
    return Path(
        assemble_package(
            name,
            version,
            "noarch",
            "h0_0",
            channel / "noarch",
            files_dir=files,
            timestamp=EPOCH,
            depends=list(depends),
            noarch="generic",
            detect_prefix=True,
            compression_level=1,
            compression_threads=1,
        ).path
    )


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
        subprocess.run(["patchelf", "--set-rpath", f"$ORIGIN/{origin}", str(file)], check=True)
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


def _wheel(channel: Path, wheel: Path, stage: Path) -> None:
    """Pack a wheel; what it needs is not looked up, but for Python."""
    name, version, _, tags = parse_wheel_filename(wheel.name)
    pure = any(tag.platform == "any" for tag in tags)
    site = stage / ("site-packages" if pure else f"lib/python{PYTHON}/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    metadata = Parser().parsestr(next(site.glob("*.dist-info/METADATA")).read_text())
    _settle(stage)
    assemble_package(
        str(canonicalize_name(name)),
        str(version),
        "noarch" if pure else "linux-64",
        "pyh0_0" if pure else f"py{PYTHON.replace('.', '')}h0_0",
        channel / ("noarch" if pure else "linux-64"),
        files_dir=stage,
        timestamp=EPOCH,
        depends=[
            f"python {(metadata['Requires-Python'] or '').replace(' ', '')}" if pure else f"python {PYTHON}.*"
        ],
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
