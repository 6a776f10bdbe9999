"""What a model was made from, gathered in one folder, so that it can be made again elsewhere.

``results/<model>/materials/`` holds the recipe, the environment's locks, and ``materials.json``, which says
where the data set comes from. With the receipt that is all that a replay needs but the data itself.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from samebits.environments import manifest_file
from samebits.environments.specification import Source
from samebits.receipt.statement import Code
from samebits.sealed import library
from samebits.sealed.data import Manifest
from samebits.sealed.digest import canonical_json, file_digest, files_digest
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec

FOLDER = "materials"
DESCRIPTION = "materials.json"
FORMAT = "samebits-materials/1"

#: names of materials that are no files of the folder
SPEC, CONTENT, LIBRARY = "spec.json", "environment", "samebits"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where what a model was made from lies.

    Attributes:
        spec: ``spec.json``.
        recipe: the recipe's file.
        data: folder of the data set.
        source: where the data set comes from, as JSON.
        environment: where the environment is described.
        prefix: the built environment.
    """

    spec: Path
    recipe: Path
    data: Path
    source: str
    environment: Source
    prefix: Path


def gather(spec: Spec, origin: Origin, folder: Path) -> dict[str, str]:
    """Copy the materials of a model into an empty folder; return them all by name and digest.

    Raises:
        Refused: something changed since the spec was made.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(origin.recipe, folder / origin.recipe.name)
    for file in origin.environment.files:
        shutil.copyfile(file, folder / file.name)
    manifest = Manifest.read(origin.data)
    files = {name: entry.sha256 for name, entry in manifest.files.items()}
    built = manifest_file.read(origin.prefix)
    described = {
        "format": FORMAT,
        "data": {"name": spec.data, "source": json.loads(origin.source), "files": files},
        "environment": {"name": built.name, "backend": built.backend, "python": built.python},
    }
    (folder / DESCRIPTION).write_bytes(canonical_json(described) + b"\n")
    for what, actual, expected in (
        (f"the recipe {origin.recipe}", file_digest(origin.recipe), spec.recipe_digest),
        (f"the data set {spec.data}", files_digest(files), spec.data_digest),
        (f"the environment {origin.prefix}", built.digest, spec.environment_digest),
        ("samebits itself", library.digest(spec.framework), spec.library_digest),
    ):
        if actual != expected:
            raise Refused(f"model {spec.model}: {what} changed since it was trained; run the workflow again")
    gathered = {f"{FOLDER}/{path.name}": file_digest(path) for path in folder.iterdir()}
    gathered |= {f"data/{name}": digest for name, digest in files.items()}
    return gathered | {SPEC: spec.digest, CONTENT: built.digest, LIBRARY: spec.library_digest}


def code(recipe: Path) -> Code | None:
    """Return the state of the git repository that a recipe lies in; None if it lies in none.

    A recipe that git does not know counts as modified.
    """
    folder = recipe.resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        tracked = _git(folder, "ls-files", "--", recipe.name)
        changed = _git(folder, "status", "--porcelain", "--", recipe.name)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Code(commit=commit, modified=bool(changed) or not tracked)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
