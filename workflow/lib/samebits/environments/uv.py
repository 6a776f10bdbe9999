"""Run uv: with arguments that are never a shell's, in an environment that cannot change what a lock means."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from uv import find_uv_bin

#: uv's variables that say from where and how files are fetched. All others are dropped: UV_PYTHON would
#: install elsewhere, UV_NO_VERIFY_HASHES would skip the check, UV_TORCH_BACKEND and UV_OVERRIDE would lock
#: other packages.
KEPT = re.compile(
    r"UV_(FIND_LINKS|(DEFAULT_|EXTRA_)?INDEX(_.*)?|KEYRING_PROVIDER|CREDENTIALS_DIR|INSECURE_HOST|SYSTEM_CERTS"
    r"|NATIVE_TLS|OFFLINE|HTTP_.*|REQUEST_TIMEOUT|CACHE_DIR|NO_CACHE|LOCK_TIMEOUT|CONCURRENT_.*)"
)
#: how uv begins an error; the multiplication sign was used by older versions
BEGINS = "error:|\u00d7"


class UvFailed(Exception):
    """uv ended with an error; the text is its message on one line.

    Attributes:
        missing: a package, or a version of it, was in none of the sources.
        mismatch: the package whose file has another hash than the lock says, or empty.
    """

    def __init__(self, text: str, *, missing: bool = False, mismatch: str = "") -> None:
        super().__init__(text)
        self.missing = missing
        self.mismatch = mismatch


def say(line: str) -> None:
    """Tell what is happening, on stderr: an installation may take minutes."""
    print(line, file=sys.stderr, flush=True)


def environ(indexes: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment variables that uv runs with.

    Args:
        indexes: further package indexes, asked after those of the user's variables.
    """
    dropped = re.compile("UV_.*|PYTHON.*|VIRTUAL_ENV|CONDA_.*")
    env = {k: v for k, v in os.environ.items() if KEPT.fullmatch(k) or not dropped.fullmatch(k)}
    if "UV_FIND_LINKS" not in env and env.get("PIP_FIND_LINKS"):
        env["UV_FIND_LINKS"] = ",".join(env["PIP_FIND_LINKS"].split())  # pip splits at blanks, uv at commas
    if indexes:
        # "best match" looks further where an index knows a package, but not this version. A version that
        # several have comes from the first; whichever it is, the lock's hashes decide what is accepted.
        first = [*env.pop("UV_INDEX", "").split(), *env.pop("UV_EXTRA_INDEX_URL", "").split()]
        env["UV_INDEX"] = " ".join([*first, *indexes])
        env["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return env | {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_INSTALLER_METADATA": "1",  # uv_cache.json holds times; without it only the wheels' own files
        "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",  # read by uv --compile-bytecode; no time stamps in .pyc
        "PYTHONHASHSEED": "0",  # sets are written to .pyc in the order of their hashes
    }


def run(
    arguments: Sequence[str],
    *,
    indexes: Sequence[str] = (),
    stdin: str = "",
    stdout: IO[bytes] | None = None,
    keep_open: Sequence[int] = (),
) -> None:
    """Run uv and pass its progress on to stderr; ask further indexes only for what is found nowhere else.

    Args:
        arguments: the subcommand and its arguments.
        indexes: URLs of further package indexes. A second run asks them, if the first lacked a package.
        stdin: what uv reads.
        stdout: where uv's output goes; nowhere if None.
        keep_open: file descriptors that uv inherits.

    Raises:
        UvFailed: uv refused or broke.
    """
    try:
        return _run(arguments, env=environ(), stdin=stdin, stdout=stdout, keep_open=keep_open)
    except UvFailed as error:
        if not (indexes and error.missing):
            raise
        first = error
    asked = ", ".join(indexes)
    if "--quiet" not in arguments:
        say(f"{first}; asking {asked}")
    try:
        _run(arguments, env=environ(indexes), stdin=stdin, stdout=stdout, keep_open=keep_open)
    except UvFailed as error:
        if error.mismatch:
            raise
        raise UvFailed(f"{first}, and {asked} did not help: {error}", missing=True) from None


def _run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: str,
    stdout: IO[bytes] | None,
    keep_open: Sequence[int],
) -> None:
    """Run uv once, to its end, and pass its progress on to stderr."""
    # No uv.toml or pyproject.toml is read: either could override versions or switch hashes off. Mirrors and
    # credentials are taken from the environment, which names them for this call alone.
    command = [find_uv_bin(), *arguments, "--no-config", "--color=never", "--no-progress"]
    process = subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=keep_open,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdin is not None and process.stderr is not None  # noqa: S101  for mypy
    with process:
        with suppress(BrokenPipeError):  # uv may end before it reads
            process.stdin.write(stdin)
            process.stdin.close()
        failure: list[str] = []
        for line in process.stderr:
            if failure or re.match(rf"\s*({BEGINS})", line):
                failure.append(line.rstrip())
            else:
                say(line.rstrip())
    if process.returncode:
        raise failed(failure or [f"uv ended with status {process.returncode}"])


def failed(lines: Sequence[str]) -> UvFailed:
    """Condense uv's error: what failed and why on one line, without hints and long lists of hashes.

    uv draws its chain of causes with ``cause:`` or, in older versions, with arrows.
    """
    parts: list[str] = []
    for line in lines:
        text = line.strip(" │")
        if text.startswith(("hint:", "Expected:")):
            break
        match = re.match(rf"({BEGINS}|cause:|├─▶|╰─▶) *(.*)", text)
        if match:
            parts.append(match[2].rstrip(":"))
        elif text:
            parts.append(f"{parts.pop()} {text}" if parts else text)
    message = ": ".join(dict.fromkeys(parts))
    mismatch = re.search(r"Hash mismatch for `([^`]+)`", message)
    because = re.search(r"Because (.+?) and you require [^,]+, we can conclude", message)
    text = because[1] if because else message
    return UvFailed(
        text if len(text) <= 400 else text[:400] + " …",
        missing="No solution found" in message,
        mismatch=mismatch[1] if mismatch else "",
    )
