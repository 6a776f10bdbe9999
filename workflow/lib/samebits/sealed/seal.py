"""The seal of a measured process: how it is started, and how it makes sure that it was started so.

Both halves stand here so that they cannot drift apart. ``command`` and ``environment`` are used by the
launcher; ``check`` runs first thing in the measured process and refuses to go on otherwise.
"""

import json
import os
import sys
from pathlib import Path

from samebits.sealed import library
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import SITE_VARIABLES, variables

#: variables that may be set besides the pinned ones; none of them changes a bit
_HARMLESS = frozenset(
    {"CUDA_VISIBLE_DEVICES", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "TMPDIR", "TZ"}
)
_MEND = "start it with `samebits train`"


def command(prefix: Path, *arguments: str) -> list[str]:
    """Return the command line of a measured process in the environment at ``prefix``.

    ``-s`` and ``-P`` keep the user's site and the working folder off ``sys.path``; ``-I`` would also ignore
    PYTHONHASHSEED.
    """
    return [str(prefix / "bin" / "python"), "-sP", "-m", "samebits.sealed.process", *arguments]


def environment(spec: Spec, library: Path, scratch: Path) -> dict[str, str]:
    """Return all variables of a measured process: of the caller's only the site's, and which GPU to use.

    ``scratch`` is an empty folder that serves as home and for temporary files, so that no setting from
    the user's home (such as Keras' own configuration) reaches the run.
    """
    device = {name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES",) if name in os.environ}
    return (
        variables(spec.tier, spec.threads)
        | device
        | {
            "HOME": str(scratch),
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(library),
            "TMPDIR": str(scratch),
            "TZ": "UTC",
        }
    )


def check(spec: Spec) -> None:
    """Refuse to go on unless this process was started as ``spec`` needs it.

    Raises:
        Refused: a variable was not set before the interpreter started or does not belong here, the
            environment or the library is not the one of the spec, or there are fewer cores than threads.
    """
    _check_variables(spec)
    _check_interpreter(spec)
    if not (library.PACKAGE / "frameworks" / spec.framework).is_dir():
        raise Refused(f"the modules of samebits here are not those for {spec.framework}; {_MEND}")
    if (digest := library.digest(spec.framework)) != spec.library_digest:
        raise Refused(f"samebits itself changed: its digest is {digest}, the spec says {spec.library_digest}")
    if (cores := len(os.sched_getaffinity(0))) < spec.threads:
        raise Refused(
            f"model {spec.model}: threads is {spec.threads}, but this process may use {cores} core(s); "
            "lower threads or run it where there are more cores"
        )


def _check_variables(spec: Spec) -> None:
    at_start = variables_at_start()
    site: dict[str, str] = {name: at_start[name] for name in SITE_VARIABLES if name in at_start}
    for name, value in variables(spec.tier, spec.threads, site).items():
        if (actual := at_start.get(name)) != value:
            state = "not set" if actual is None else repr(actual)
            raise Refused(f"{name} must be {value!r} before Python starts, but it was {state}; {_MEND}")
        if os.environ.get(name) != value:
            raise Refused(f"{name} was changed after Python had started; {_MEND}")
    allowed = _HARMLESS | set(variables(spec.tier, spec.threads, site))
    if foreign := sorted(set(at_start) - allowed):
        raise Refused(f"a measured process may not see the variable {foreign[0]}; {_MEND}")


def variables_at_start() -> dict[str, str]:
    """Return the variables as the kernel handed them over: what was set later does not show here."""
    block = Path("/proc/self/environ").read_bytes()
    pairs = (entry.split(b"=", 1) for entry in block.split(b"\0") if b"=" in entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}


def _check_interpreter(spec: Spec) -> None:
    if not (sys.flags.safe_path and sys.flags.no_user_site):
        raise Refused(f"a measured process needs Python's flags -s and -P; {_MEND}")
    try:
        manifest = json.loads((Path(sys.prefix) / "environment.json").read_bytes())
    except (OSError, ValueError):
        manifest = {}
    if manifest.get("digest") != spec.environment_digest:
        raise Refused(
            f"{sys.executable} is not of the locked environment {spec.environment} "
            f"({spec.environment_digest}); {_MEND}"
        )
