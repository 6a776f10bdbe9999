"""The command line: for people, and for the rules of the workflow, each of which calls one command."""

# ruff: noqa: I001  the help shows commands in the order of the imports

import os
import sys
from pathlib import Path

from samebits.cli import models, receipts, lint, environments, tracking, steps, packages  # noqa: F401
from samebits.cli.app import app
from samebits.errors import Refused, explain


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
        if (said := explain(error, Path.cwd())) is None:
            raise
        print(f"samebits: {said}", file=sys.stderr)
        sys.exit(2)
