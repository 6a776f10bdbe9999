"""Wheels of models, built by hatchling: sorted files, one date, one mode; the same bytes every time."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tomli_w

from samebits.packaging.metadata import Metadata


def write(package: Path, metadata: Metadata, output: Path) -> Path:
    """Write the wheel of a package's folder; return it."""
    from hatchling.builders.wheel import WheelBuilder

    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        project = Path(scratch)
        # hard links would do, but not across file systems
        shutil.copytree(package, project / metadata.names.module)
        (project / "README.md").write_text(metadata.card)
        settings = {
            "packages": [metadata.names.module],
            "ignore-vcs": True,
            "core-metadata-version": "2.4",  # what indexes and their clients take today
        }
        document = {
            "build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build"},
            "project": metadata.pyproject,
            "tool": {"hatch": {"build": {"targets": {"wheel": settings}}}},
        }
        (project / "pyproject.toml").write_text(tomli_w.dumps(document))
        for path in project.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        with _without_date():
            (built,) = WheelBuilder(str(project)).build(directory=scratch, versions=["standard"])
        target = output / metadata.names.wheel
        shutil.copyfile(built, target)
        return target


@contextlib.contextmanager
def _without_date() -> Iterator[None]:
    """Keep the caller's SOURCE_DATE_EPOCH out; hatchling's own date is always the same."""
    date = os.environ.pop("SOURCE_DATE_EPOCH", None)
    try:
        yield
    finally:
        if date is not None:
            os.environ["SOURCE_DATE_EPOCH"] = date
