"""The command line: for people, and for the rules of the workflow, each of which calls one command."""

# ruff: noqa: I001  the help shows commands in the order of the imports

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from samebits.cli import models, receipts, lint, environments, tracking, steps, packages  # noqa: F401
from samebits.cli.app import app
from samebits.sealed.errors import Refused, explain

#: what mends a path that a user gave
_PATHS = {
    errno.ENOENT: "there is no such file or folder; give another path, or make the folder first",
    errno.ENOTDIR: "a part of it is no folder; give another path",
    errno.EISDIR: "it is a folder; give the path of a file",
    errno.EEXIST: "it is there already; give another path",
}


def main() -> None:
    """Run the command line; a refusal is one line on standard error and exit status 2."""
    try:
        app()
    except Refused as refused:
        for line in str(refused).splitlines():
            print(f"samebits: {line}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # `samebits show | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        message = explain(error, Path.cwd())
        if message is None and error.errno in _PATHS:
            message = f"{error.filename}: {_PATHS[error.errno]}"
        if message is None:
            _bug()
        print(f"samebits: {message}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        _bug()


def _bug() -> NoReturn:
    """End with what a report of a bug needs, and a status that no command gives a meaning: EX_SOFTWARE."""
    traceback.print_exc()
    print("samebits: this is a bug of samebits; please report what is above", file=sys.stderr)
    sys.exit(70)
