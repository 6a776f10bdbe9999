"""``samebits lint``: options to settings, findings to output, and the exit status."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from samebits.lint.driver import cache, fix, linter, selection
from samebits.lint.finding import SEVERITIES
from samebits.lint.output import FORMATS
from samebits.sealed.errors import Refused

#: exit status
CLEAN: Final = 0
FOUND: Final = 1
FAILING: Final = (*SEVERITIES, "never")


@dataclass(frozen=True)
class Options:
    """The command line, as it was given; None and empty leave the settings as they are."""

    paths: list[Path]
    device: str | None = None
    tier: str | None = None
    framework_version: tuple[str, ...] = ()
    lock: Path | None = None
    sealed: bool | None = None
    select: str | None = None
    extend_select: str | None = None
    ignore: str | None = None
    exclude: tuple[str, ...] = ()
    format: str = "text"
    output: Path | None = None
    fail_on: str = "warning"
    fix: bool = False
    diff: bool = False
    no_cache: bool = False
    cache_dir: Path | None = None
    jobs: int | None = None
    isolated: bool = False
    relative_to: Path | None = None


def run(options: Options) -> int:
    """Lint, print or write what was found, and return the exit status: 0 clean, 1 found.

    Raises:
        Refused: an option, a path or pyproject.toml is wrong (exit status 2).
    """
    if options.format not in FORMATS:
        raise Refused(f"lint: the format {options.format!r} is none of {', '.join(FORMATS)}")
    if options.fail_on not in FAILING:
        raise Refused(f"lint: --fail-on {options.fail_on!r} is none of {', '.join(FAILING)}")
    settings = _settings(options)
    folder = None if options.no_cache else options.cache_dir or cache.default_folder()
    paths = options.paths or [Path()]
    result = linter.lint(paths, settings, folder, options.jobs)
    if options.fix or options.diff:
        result = _mend(options, settings, folder, paths, result)
        if options.diff:
            return CLEAN if not fix.changes(result) else FOUND
    if options.relative_to is not None:
        result = linter.relative_to(result, options.relative_to)
    rendered = FORMATS[options.format](result)
    if options.output is not None:
        options.output.write_text(rendered + "\n", "utf-8")
        if options.format != "text" and result.findings:
            print(FORMATS["text"](result), file=sys.stderr)
    elif rendered:
        sys.stdout.buffer.write((rendered + "\n").encode("utf-8", "replace"))
        sys.stdout.flush()
    worst = SEVERITIES[: FAILING.index(options.fail_on) + 1] if options.fail_on != "never" else ()
    return FOUND if any(finding.severity in worst for finding in result.findings) else CLEAN


def _mend(
    options: Options,
    settings: selection.Settings,
    folder: Path | None,
    paths: list[Path],
    result: linter.Result,
) -> linter.Result:
    """Show or apply fixes until nothing more can be mended."""
    if options.diff:
        for change in fix.changes(result):
            sys.stdout.buffer.write(change.diff().encode("utf-8", "replace"))
        sys.stdout.flush()
        return result
    mended = 0
    for _ in range(8):  # a fix can make room for another, as where two calls are nested
        changes = fix.changes(result)
        if not changes:
            break
        for change in changes:
            change.write()
            mended += change.fixed
        result = linter.lint(paths, settings, folder, options.jobs)
    if mended:
        print(f"Mended {mended} finding{'' if mended == 1 else 's'}.", file=sys.stderr)
    return result


def _settings(options: Options) -> selection.Settings:
    start = options.paths[0] if options.paths else Path()
    start = start if start.is_dir() else start.parent
    settings = selection.Settings() if options.isolated else selection.read(start.absolute())
    changes: dict[str, Any] = {}
    for name, given in (
        ("select", options.select),
        ("extend_select", options.extend_select),
        ("ignore", options.ignore),
    ):
        if given is not None:
            changes[name] = tuple(each.strip() for each in given.split(",") if each.strip())
    if options.device is not None:
        changes["device"] = options.device
    if options.tier is not None:
        changes["tier"] = options.tier
    if options.sealed is not None:
        changes["sealed"] = options.sealed
    if options.exclude:
        changes["exclude"] = (*settings.exclude, *options.exclude)
    versions = (*_locked(options.lock), *options.framework_version)
    if versions:
        changes["framework_versions"] = versions
    settings = replace(settings, **changes)
    settings.context()
    settings.codes()
    return settings


def _locked(lock: Path | None) -> list[str]:
    """Read the versions of a ``requirements.lock``."""
    if lock is None:
        return []
    try:
        lines = lock.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"lint: {lock.name}: cannot be read: {error}") from None
    pins = [
        line.split()[0].rstrip("\\") for line in lines if "==" in line and not line.startswith((" ", "#"))
    ]
    return [_framework(pin) for pin in pins]


def _framework(pin: str) -> str:
    name, _, version = pin.partition("==")
    known = {"xgboost-cpu": "xgboost", "tensorflow-cpu": "tensorflow", "scikit-learn": "sklearn"}
    return f"{known.get(name, name)}={version}"
