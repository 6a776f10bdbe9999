"""Where environments are described: ``envs/<name>/environment.yaml``, and what it may say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from samebits.sealed.errors import Refused

#: name, extras, then versions or markers; no ``@``, path or URL: all comes from an index or a wheel folder
REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,. -]*\])?\s*([<>=!~;][^@/\\\n]*)?")
INDEX = re.compile(r"--extra-index-url[ =]\s*([a-z]+://\S+)")
PYTHON = re.compile(r"python\s*==?\s*(\d+\.\d+)(\.\*)?")
#: a conda package: a name, then versions and a build; no file and no URL
CONDA = re.compile(r"[a-z0-9_][a-z0-9_.-]*(\s*[ <>=!~][^/\\\n#$]*)?")
#: platforms as conda names them
PLATFORMS = ("linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64")


@dataclass(frozen=True)
class Source:
    """An environment as it is described: its name and the folder with its files."""

    name: str
    folder: Path

    @property
    def specification(self) -> Path:
        """``environment.yaml``: written by hand, in conda's syntax."""
        return self.folder / "environment.yaml"

    @property
    def lock(self) -> Path:
        """``requirements.lock``: the wheels of the ``pip:`` list, written by ``samebits lock``."""
        return self.folder / "requirements.lock"

    @property
    def conda_lock(self) -> Path:
        """``conda-lock.yml``: all other packages, written by ``samebits lock``."""
        return self.folder / "conda-lock.yml"

    @property
    def files(self) -> list[Path]:
        """All that describes the environment and is there: ``environment.yaml`` and its locks."""
        named = (self.specification, self.lock, self.conda_lock)
        return [path for path in named if path.is_file()]


@dataclass(frozen=True)
class Specification:
    """What ``environment.yaml`` asks for.

    Attributes:
        python: the minor version, ``3.11``.
        requirements: pip requirements, as written.
        indexes: URLs of further package indexes, asked only for what is found nowhere else.
        channels: conda channels, the first before all others.
        conda: conda packages as written, Python and pip among them; only the backend ``conda`` has them.
        platforms: what ``conda-lock.yml`` is for.
    """

    python: str
    requirements: tuple[str, ...]
    indexes: tuple[str, ...]
    channels: tuple[str, ...]
    conda: tuple[str, ...]
    platforms: tuple[str, ...]

    @property
    def conda_only(self) -> tuple[str, ...]:
        """The conda packages that no other backend can install: all but Python and pip."""
        return tuple(each for each in self.conda if each != "pip" and not PYTHON.fullmatch(each))


def known(roots: Sequence[Path]) -> list[str]:
    """List the names of the environments below the roots' ``envs/``, sorted."""
    names = {path.parent.name for root in roots for path in root.glob("envs/*/environment.yaml")}
    return sorted(names)


def find(name: str, roots: Sequence[Path]) -> Source:
    """Find an environment; the first root that has it wins.

    Args:
        name: the environment's name, ``pytorch-cpu``.
        roots: folders that contain ``envs/``, the user's own before samebits'.

    Raises:
        Refused: no root has an environment of this name.
    """
    names = known(roots)
    if name in names:  # so a name can never lead out of envs/
        folders = (root / "envs" / name for root in roots)
        return Source(name, next(folder for folder in folders if (folder / "environment.yaml").is_file()))
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    listed = ", ".join(names) or "none"
    raise Refused(f"unknown environment {name!r}: {hint}known: {listed}; add envs/{name}/environment.yaml")


def specification(source: Source) -> Specification:
    """Read and check ``environment.yaml``.

    Raises:
        Refused: not YAML, or it asks for something that cannot be locked.
    """
    where = source.specification
    try:
        document = yaml.safe_load(where.read_bytes())
    except OSError as error:
        raise Refused(f"{where}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise Refused(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("dependencies"), list):
        raise Refused(f"{where}: needs `name`, `channels` and a list of `dependencies`")
    keys = ("name", "channels", "dependencies", "platforms")
    unknown = sorted(map(str, set(document) - set(keys)))
    if unknown:
        raise Refused(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(keys)}")
    if document.get("name") != source.name:
        raise Refused(f"{where}: its name is {document.get('name')!r}; give it the folder's, {source.name!r}")
    python, conda, entries = _dependencies(where, document["dependencies"])
    indexes, requirements = [], []
    for entry in entries:
        if match := INDEX.fullmatch(entry):
            indexes.append(match[1])
        elif REQUIREMENT.fullmatch(entry):
            requirements.append(entry)
        else:
            raise Refused(
                f"{where}: cannot lock {entry!r}: write NAME==VERSION or `--extra-index-url URL`; "
                "folders of wheels are given by PIP_FIND_LINKS or UV_FIND_LINKS"
            )
    channels = tuple(map(str, document.get("channels") or ()))
    platforms = tuple(map(str, document.get("platforms") or PLATFORMS[:1]))
    for platform in platforms:
        if platform not in PLATFORMS:
            raise Refused(f"{where}: unknown platform {platform!r}; known: {', '.join(PLATFORMS)}")
    return Specification(python, tuple(requirements), tuple(indexes), channels, tuple(conda), platforms)


def _dependencies(where: Path, dependencies: list[Any]) -> tuple[str, list[str], list[str]]:
    """Split ``dependencies`` into Python's minor version, conda packages and entries of the ``pip:`` list."""
    python = None
    conda: list[str] = []
    entries: list[str] = []
    for dependency in dependencies:
        if isinstance(dependency, dict) and list(dependency) == ["pip"]:
            entries += [str(entry).strip() for entry in dependency["pip"] or ()]
            continue
        if match := PYTHON.fullmatch(str(dependency)):
            python = match[1]
        elif not CONDA.fullmatch(str(dependency)):
            raise Refused(f"{where}: cannot lock {dependency!r}: write NAME or NAME=VERSION")
        conda.append(str(dependency))
    if python is None:
        raise Refused(f"{where}: needs a Python minor version: add `- python=3.11` to its dependencies")
    if not entries and set(conda) <= {"pip"} | {each for each in conda if PYTHON.fullmatch(each)}:
        raise Refused(f"{where}: its `pip:` list is empty; name the packages there")
    return python, conda, entries
