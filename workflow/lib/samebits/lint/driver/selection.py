"""Which rules are looked for, and where: ``[tool.samebits.lint]`` of pyproject.toml, and the command line."""

import re
import tomllib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from pathspec import GitIgnoreSpec

from samebits.lint import catalog, rules
from samebits.lint.context import Context, parse_versions
from samebits.sealed.errors import Refused

#: folders that hold no code of the user's
SKIPPED: Final = frozenset(
    ".git .hg .svn .venv venv env __pycache__ node_modules .tox .nox .mypy_cache .ruff_cache .pytest_cache "
    ".ipynb_checkpoints build dist .samebits .snakemake .eggs".split()
)


@dataclass(frozen=True)
class Settings:
    """``[tool.samebits.lint]``, with the command line's options in place of its own.

    Attributes:
        select: codes, or their beginnings; ``ALL`` for every rule. Empty: the rules that are on by default.
        extend_select: more of them.
        ignore: codes, or their beginnings, that are left out.
        exclude: patterns of paths that are skipped, as in a .gitignore.
        device: see ``Context``.
        tier: see ``Context``.
        framework_versions: ``["torch=2.13"]``.
        sealed: see ``Context``.
        per_file_ignores: pattern of paths, as in a .gitignore -> codes.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    device: str | None = None
    tier: str = "deterministic"
    framework_versions: tuple[str, ...] = ()
    sealed: bool = False
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        """Refuse patterns that are none before any file is looked at."""
        for patterns in (self.exclude, *((pattern,) for pattern, _ in self.per_file_ignores)):
            _patterns(patterns)

    def context(self) -> Context:
        """Return where the code is to run; versions that are not given are those the catalogs assume."""
        versions = {**catalog.load().assumed, **parse_versions(list(self.framework_versions))}
        return Context(self.device, self.tier, versions, self.sealed)

    def codes(self) -> frozenset[str]:
        """Return the codes of the rules that are looked for.

        Raises:
            Refused: a selection matches no rule.
        """
        known = rules.load()
        for each in (*self.select, *self.extend_select, *self.ignore):
            if each != "ALL" and not any(code.startswith(each) for code in known):
                near = get_close_matches(each, known, 1)
                hint = f"; did you mean {near[0]}?" if near else "; see samebits lint --rules"
                raise Refused(f"lint: no rule begins with {each!r}{hint}")
        if self.select:
            chosen = {code for code in known if _selects(self.select, code)}
        else:
            chosen = {code for code, rule in known.items() if rule.default}
        chosen |= {code for code in known if _selects(self.extend_select, code)}
        # what could not be read was not checked, whatever is selected
        return frozenset({code for code in chosen if not _selects(self.ignore, code)} | {"SB001"})

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """Return the codes that are left out in a file."""
        return tuple(
            code
            for pattern, codes in self.per_file_ignores
            if _patterns((pattern,)).match_file(path)
            for code in codes
        )

    def excludes(self, path: Path) -> bool:
        """Tell whether a file or folder is skipped."""
        return _patterns(self.exclude).match_file(f"{path.as_posix()}{'/' * path.is_dir()}")


@cache
def _patterns(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """Return patterns of paths, which are written as in a .gitignore.

    Raises:
        Refused: one is none.
    """
    with warnings.catch_warnings(action="ignore"):  # pathspec makes regular expressions of them
        try:
            return GitIgnoreSpec.from_lines(patterns)
        except (ValueError, re.error) as error:
            raise Refused(
                f"lint: {', '.join(patterns)}: no pattern of paths: {error}; see gitignore"
            ) from None


def _selects(selection: Iterable[str], code: str) -> bool:
    return any(each == "ALL" or code.startswith(each) for each in selection)


def read(start: Path) -> Settings:
    """Read the settings of the nearest pyproject.toml, or the defaults.

    Raises:
        Refused: it is not TOML, or has a key or value that is not known.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                document = tomllib.loads(path.read_text("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise Refused(f"{path.name}: not TOML: {error}") from None
            table = document.get("tool", {}).get("samebits", {}).get("lint")
            return Settings() if table is None else _from_table(table, path.name)
    return Settings()


def _from_table(table: Any, where: str) -> Settings:
    if not isinstance(table, dict):
        raise Refused(f"{where}: tool.samebits.lint is no table; write [tool.samebits.lint]")
    known = {field.name.replace("_", "-"): field.name for field in fields(Settings)}
    settings = Settings()
    for key, value in table.items():
        place = f"{where}: tool.samebits.lint.{key}"
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise Refused(f"{place}: unknown key{hint}; known here: {', '.join(known)}")
        default = getattr(settings, known[key])
        if key == "per-file-ignores":
            if not isinstance(value, dict) or not all(_is_texts(each) for each in value.values()):
                raise Refused(f'{place}: write "pattern" = ["SB101"]')
            value = tuple((pattern, tuple(codes)) for pattern, codes in value.items())
        elif isinstance(default, tuple):
            if not _is_texts(value):
                raise Refused(f"{place}: {value!r} is no list of texts")
            value = tuple(value)
        elif isinstance(default, bool):
            if not isinstance(value, bool):
                raise Refused(f"{place}: {value!r} is neither true nor false")
        elif not isinstance(value, str):
            raise Refused(f"{place}: {value!r} is no text")
        settings = replace(settings, **{known[key]: value})
    return settings


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
