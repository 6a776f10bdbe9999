"""Lay out the library of a framework beside its environment, for the measured processes to import."""

import shutil
from pathlib import Path

from samebits.sealed import library

#: what recipes may import from samebits itself
_PACKAGE = "from samebits.sealed.seed_all import seed_all as seed_all\n"


def install(framework: str, folder: Path) -> None:
    """Copy the library of a framework to ``folder/samebits``, whole or not at all."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for name in library.files(framework):
        target = part / "samebits" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(library.PACKAGE / name, target)
    (part / "samebits" / "__init__.py").write_text(_PACKAGE)
    (part / "samebits" / "frameworks" / "__init__.py").touch()
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
