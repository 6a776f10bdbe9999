"""Tiny wheels, indexes of wheels and environments made of them, so that tests can run uv itself, and fast."""

import base64
import hashlib
import shutil
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMESTAMP = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can hold


def wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    requires: Sequence[str] = (),
    script: str = "",
) -> Path:
    """Write a pure Python wheel into a folder; the same arguments give the same bytes."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    tag = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tag}
    if script:
        content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script}\n"
    record = "".join(f"{path},sha256={_base64(text)},{len(text)}\n" for path, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in content.items():
            archive.writestr(zipfile.ZipInfo(member, TIMESTAMP), text)
    return path


def index(folder: Path, wheels: Sequence[Path]) -> str:
    """Write a package index (PEP 503) of copies of some wheels; return its URL."""
    folder.mkdir(parents=True)
    for path in wheels:
        project = folder / path.name.split("-")[0].replace("_", "-")
        project.mkdir()
        shutil.copy(path, project)
        (project / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
    return folder.as_uri()


def environment(root: Path, name: str, pip: Sequence[str], python: str = "3.11") -> Path:
    """Write ``envs/<name>/environment.yaml``; return its folder."""
    folder = root / "envs" / name
    folder.mkdir(parents=True, exist_ok=True)
    head = f"""\
        name: {name}
        channels: [conda-forge]
        dependencies:
          - python={python}
          - pip
          - pip:
        """
    listed = "".join(f'      - "{entry}"\n' for entry in pip)
    (folder / "environment.yaml").write_text(textwrap.dedent(head) + listed)
    return folder


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
