"""Conda packages of models, for every platform (noarch), by rattler-build: the same bytes every time."""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from samebits.packaging.metadata import Metadata

_EPOCH = datetime(2020, 2, 2, tzinfo=UTC)  # hatchling's date, too

#: what conda puts into bin/; a noarch package knows no path of an interpreter
_SCRIPT = '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -P -m {module} "$@"\n'


def available() -> bool:
    """Tell whether conda packages can be written here."""
    return find_spec("rattler_build") is not None


def write(package: Path, metadata: Metadata, output: Path) -> Path:
    """Write the conda package of a package's folder; return it."""
    from rattler_build import assemble_package

    names = metadata.names
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        site = Path(scratch) / "site-packages"
        shutil.copytree(package, site / names.module)
        info = site / f"{names.module}-{names.version}.dist-info"
        info.mkdir()
        # so that Python knows the version, however it was installed
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {names.distribution}\nVersion: {names.version}\n"
        )
        (info / "INSTALLER").write_text("conda\n")
        script = Path(scratch) / "python-scripts" / names.distribution
        script.parent.mkdir()
        script.write_text(_SCRIPT.format(module=names.module))
        for path in Path(scratch).rglob("*"):
            path.chmod(0o755 if path.is_dir() or path == script else 0o644)
            os.utime(path, (_EPOCH.timestamp(),) * 2)
        archive = assemble_package(
            names.distribution,
            names.version,
            "noarch",
            "py_0",
            output,
            files_dir=scratch,
            noarch="python",
            depends=metadata.conda,
            summary=metadata.summary,
            license=metadata.license or None,
            timestamp=_EPOCH,
            compression_threads=1,
            detect_prefix=False,
        )
    return Path(archive.path)
