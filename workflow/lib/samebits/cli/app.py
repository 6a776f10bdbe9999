"""The application that commands register with, and what several of them share.

What a command needs is imported when it runs: the rules start many of them, and plotting or Pydantic would
cost each more than its work.
"""

from pathlib import Path

import typer
from rich.console import Console

import samebits

app = typer.Typer(
    help="Deterministic machine learning, proven: train, rerun, and compare bit for bit.\n\n"
    "Start with `samebits run --profile local` in an empty folder: it trains the worked examples twice, "
    "compares the runs and writes results/report.html.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

#: panel of the help
RULES = "Steps of the workflow (its rules call them)"


def console(stderr: bool = False) -> Console:
    """Return a console that is wide enough for a table where no terminal says how wide it is."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=110)


def roots() -> list[Path]:
    """Return the folders in which recipes and environments are looked up: here, then samebits' own."""
    return [Path.cwd(), samebits.root()]
