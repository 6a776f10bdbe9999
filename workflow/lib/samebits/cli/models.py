"""What a user does with models: run the workflow, look at verdicts, compare runs."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import samebits
from samebits.cli.app import app, console, roots
from samebits.sealed.errors import Refused

profile = typer.Typer(help="Profiles: install them for `snakemake --profile NAME`.", no_args_is_help=True)
app.add_typer(profile, name="profiles")


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(samebits.__version__)
        raise typer.Exit


#: what Snakemake is asked for instead of running
_NO_RUN = {
    *("-n", "--dry-run", "--dryrun", "-h", "--help", "-v", "--version", "--unlock", "--summary", "-S"),
    *("--detailed-summary", "-D", "--list", "--list-rules", "-l", "--list-target-rules", "--lint", "--dag"),
    *("--rulegraph", "--filegraph", "--d3dag", "--list-input-changes", "--report", "--cleanup-metadata"),
}


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run the workflow: Snakemake on samebits' Snakefile, with every argument handed on.

    Without a config of yours (config/config.yaml here, or --configfile) it runs the worked examples.
    `--profile local` uses samebits' own profile unless a folder of that name is here.

    Targets: nothing for verdicts and the report; `package`, `publish`, `images`; a file such as
    `results/MODEL/verified` or `results/MODEL/receipt.dsse.json`; `lock` solves the environments anew.
    """
    from samebits.report import summary

    arguments = _profiled(list(context.args))
    results, models = _recorded(arguments)
    status = _snakemake(arguments)
    if not _NO_RUN & set(arguments):
        summary.show(results, console(stderr=True), models)
    raise typer.Exit(status)


def _profiled(arguments: list[str]) -> list[str]:
    """Name samebits' own profiles by their folders.

    Raises:
        Refused: there is no profile of a name, neither here nor among the user's own.
    """
    from samebits.jobs import profiles

    words: list[str] = []
    for argument in arguments:
        words += argument.split("=", 1) if argument.startswith("--profile=") else [argument]
    for index, name in enumerate(words[1:], 1):
        if words[index - 1] == "--profile" and not Path(name).exists():
            if name in profiles.known():
                words[index] = str(profiles.folder(name))
            elif not any((folder / name).exists() for folder in profiles.looked_up()):
                names = ", ".join(profiles.known())
                raise Refused(f"there is no profile {name!r}; samebits brings {names}, or give a folder")
    return words


def _recorded(arguments: list[str]) -> tuple[Path, set[str]]:
    """Return where a run records, and which models; what is wrong with a config's file is said before it.

    Raises:
        Refused: a config's file cannot be read.
    """
    from samebits import config

    values: dict[str, Any] = {}
    models: set[str] = set()
    for file in _option_values(arguments, "--configfile", "--configfiles") or [str(config.find(roots()))]:
        values |= config.read(Path(file))
        models |= set(values["models"] if isinstance(values.get("models"), dict) else ())
    values |= dict(each.split("=", 1) for each in _option_values(arguments, "--config", "-C") if "=" in each)
    return Path(str(values.get("results", "results"))), models


def _option_values(arguments: list[str], *names: str) -> list[str]:
    """Return the values of an option that takes several."""
    values: list[str] = []
    for index, argument in enumerate(arguments):
        if argument in names:
            values += itertools.takewhile(lambda each: not each.startswith("-"), arguments[index + 1 :])
        elif argument.startswith(tuple(f"{name}=" for name in names)):
            values.append(argument.split("=", 1)[1])
    return values


def _snakemake(arguments: list[str]) -> int:
    """Run Snakemake, which hears of every signal that would end this process, and return its exit status."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", samebits.snakefile(), *arguments]
    running: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, frame: object) -> None:
        for process in running:
            process.send_signal(number)

    # the terminal's ^C reaches Snakemake by itself, and must leave it the time to end its jobs
    signal.signal(signal.SIGINT, lambda number, frame: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
    # a file in the working directory must not be imported in place of a module
    running.append(subprocess.Popen(command, env={**os.environ, "PYTHONSAFEPATH": "1"}))
    status = running[0].wait()
    return status if status >= 0 else 128 - status


@app.command()
def show(results: Annotated[Path, typer.Argument(help="Folder of results.")] = Path("results")) -> None:
    """Print a table of the models and their verdicts."""
    from samebits.report import summary

    if not summary.show(results, console()):
        raise Refused(f"{results} holds no verdict; run the workflow first: samebits run --profile local")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more runs of one model, or of one.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the verdict as JSON.")] = None,
    sample: Annotated[
        Path | None,
        typer.Option(exists=True, help="sample.json: compare one run with the replays beside it."),
    ] = None,
) -> None:
    """Compare runs bit for bit; every recorded file is checked first.

    Exit status: 0 identical, 1 different (but 0 with --output, which the verdict is written to), 2 refused.
    """
    from samebits.proof import verdict
    from samebits.proof.compare import compare, compare_replays
    from samebits.sealed import ledger

    if (len(runs) == 1) != (sample is not None):
        raise Refused("give the folders of two or more runs, or that of one run and --sample")
    judged = compare_replays(runs[0], sample) if sample else compare(runs)
    if output:
        verdict.write(judged, output)
        for run in runs:
            ledger.settle(run)
        return
    print(verdict.sentence(judged))
    raise typer.Exit(not judged.identical)


@app.command(hidden=True)
def schema() -> None:
    """Write the JSON Schemas of config, spec, verdict, … into the checkout (for developers)."""
    from samebits.jobs import schemas

    schemas.write(samebits.root())


@profile.command("list")
def profiles_list() -> None:
    """List the profiles that samebits brings."""
    from samebits.jobs import profiles

    for name in profiles.known():
        print(name)


@profile.command("install")
def profiles_install() -> None:
    """Make `snakemake --profile NAME` work from any folder, for every profile of samebits."""
    from samebits.jobs import profiles

    for folder in profiles.install():
        print(folder)
