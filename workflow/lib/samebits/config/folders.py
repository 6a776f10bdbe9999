"""The folders that samebits writes into: the keys ``results`` and ``cache``."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field


def _own(folder: str) -> str:
    """Refuse a folder that holds the user's work, or a path that a rule could not be written with."""
    path = Path(folder)
    strange = folder.startswith("~") or set(folder) & set("{}\n")
    if strange or path.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise ValueError(f"{folder!r} is no folder of its own; write one such as results, without ~ and {{}}")
    if path.exists() and not path.is_dir():
        raise ValueError(f"{folder!r} is a file; name a folder")
    return folder


Folder = Annotated[str, Field(min_length=1), AfterValidator(_own)]
