"""What was found in a file before, for as long as neither it nor what it imports has changed."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

import samebits
from samebits.lint import catalog
from samebits.lint.context import Context
from samebits.lint.driver.analysis import Analysis
from samebits.lint.finding import Edit, Finding, Fix
from samebits.sealed.digest import bytes_digest


def default_folder() -> Path:
    """Return the user's cache folder for the linter."""
    return platformdirs.user_cache_path("samebits") / "lint"


@cache
def version() -> str:
    """Name everything that decides what is found: the linter's code and its catalogs."""
    parts = [text for _, text in catalog.texts()]
    parts += [path.read_text("utf-8") for path in sorted(Path(__file__).parents[1].rglob("*.py"))]
    return bytes_digest("\0".join([samebits.__version__, *parts]).encode())


class Cache:
    """One small file for each linted file, overwritten when it changes.

    Args:
        folder: where they lie; None for no cache.
        context: the context, part of the name.
    """

    def __init__(self, folder: Path | None, context: Context):
        self.folder = folder
        self.salt = json.dumps([version(), asdict(context)], sort_keys=True, default=dict)

    def _entry(self, path: Path) -> Path:
        assert self.folder is not None  # noqa: S101  asked before
        name = bytes_digest(f"{path.absolute()}\0{self.salt}".encode()).rpartition(":")[2]
        return self.folder / name[:2] / f"{name[2:34]}.json"

    def get(self, path: Path, name: str, digest: str) -> Analysis | None:
        """Return what was found in a file of this content, if all that it depends on is unchanged."""
        if self.folder is None:
            return None
        try:
            entry = json.loads(self._entry(path).read_bytes())
            if entry["digest"] != digest or entry["path"] != name:
                return None
            for other, known in entry["depends"]:
                if file_digest(Path(other)) != known:
                    return None
            return Analysis(
                tuple(_finding(each) for each in entry["findings"]),
                frozenset(entry["facts"]),
                frozenset(entry["modules"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None  # not there, or damaged: it is made anew

    def put(self, path: Path, name: str, digest: str, depends: Iterable[Path], analysis: Analysis) -> None:
        """Remember what was found; a cache that cannot be written costs only time."""
        if self.folder is None:
            return
        entry = {
            "path": name,
            "digest": digest,
            "depends": [[str(other), file_digest(other)] for other in sorted(depends)],
            "findings": [asdict(each) for each in analysis.findings],
            "facts": sorted(analysis.facts),
            "modules": sorted(analysis.modules),
        }
        target = self._entry(path)
        draft = target.with_suffix(f".{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(entry))
            draft.replace(target)
        except OSError:
            self.folder = None


def file_digest(path: Path) -> str:
    """Name a file's content; empty if it is gone."""
    try:
        return bytes_digest(path.read_bytes())
    except OSError:
        return ""


def _finding(entry: dict[str, Any]) -> Finding:
    fix = entry.pop("fix")
    if fix is not None:
        fix = Fix(fix["description"], tuple(Edit(**each) for each in fix["edits"]))
    return Finding(
        **{**entry, "fix": fix, "unless": tuple(entry["unless"]), "soften": tuple(entry["soften"])}
    )
