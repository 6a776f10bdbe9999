"""The command line: for people, and for the rules of the workflow, each of which calls one command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import samebits
from samebits.errors import Refused

# What a command needs is imported when it runs: the rules start many of them, and plotting or Pydantic
# would cost each more than its work.

app = typer.Typer(
    help="Deterministic machine learning, proven: train, rerun, and compare bit for bit.\n\n"
    "Start with `samebits run --profile local` in an empty folder: it trains the worked examples twice, "
    "compares the runs and writes results/report.html.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
env = typer.Typer(help="Locked environments: list, lock, build, verify.", no_args_is_help=True)
profile = typer.Typer(help="Profiles: install them for `snakemake --profile NAME`.", no_args_is_help=True)
app.add_typer(env, name="env")
app.add_typer(profile, name="profiles")

RULES = "Steps of the workflow (its rules call them)"
Recipe = Annotated[Path, typer.Option(exists=True, help="The recipe's file.")]
DataManifest = Annotated[Path, typer.Option("--data", exists=True, help="data.json of the data set.")]
EnvironmentManifest = Annotated[
    Path, typer.Option("--environment", exists=True, help="environment.json of the built environment.")
]


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(samebits.__version__)
        raise typer.Exit


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run the workflow: Snakemake on samebits' Snakefile, with every argument handed on.

    Without a config of yours (config/config.yaml here, or --configfile) it runs the worked examples.
    `--profile local` uses samebits' own profile unless a folder of that name is here.
    """
    from samebits import profiles, summary

    arguments = list(context.args)
    for index, argument in enumerate(arguments[:-1]):
        name = arguments[index + 1]
        if argument == "--profile" and not Path(name).exists() and name in profiles.known():
            arguments[index + 1] = str(profiles.folder(name))
    status = subprocess.call(
        [sys.executable, "-m", "snakemake", "--snakefile", samebits.snakefile(), *arguments]
    )
    if not {"-n", "--dry-run", "--dryrun", "-h", "--help"} & set(arguments):
        summary.show(Path("results"), _console(stderr=True))
    raise typer.Exit(status)


@app.command()
def show(results: Annotated[Path, typer.Argument(help="Folder of results.")] = Path("results")) -> None:
    """Print a table of the models and their verdicts."""
    from samebits import summary

    if not summary.show(results, _console()):
        raise Refused(f"{results} holds no verdict; run the workflow first: samebits run --profile local")


@app.command(rich_help_panel=RULES)
def data(
    name: Annotated[str, typer.Argument(help="The data set's name.")],
    source: Annotated[str, typer.Option(help="Its source as JSON, as in the config.")],
    folder: Annotated[Path, typer.Option(help="Where to put it.")],
) -> None:
    """Fetch a data set, check it, and write data.json."""
    from samebits import config, download, fetch

    with download.display() as progress:
        fetch.fetch(name, config.parse_data(source).source(), folder, progress)


@app.command(rich_help_panel=RULES)
def library(folder: Annotated[Path, typer.Argument(help="Where to put it.")]) -> None:
    """Copy the modules that run in measured processes, for environments that hold nothing but their lock."""
    from samebits import library

    library.install(folder)


@app.command(rich_help_panel=RULES)
def spec(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    model: Annotated[str, typer.Option(help="Its section of the config, as JSON.")],
    recipe: Recipe,
    data: DataManifest,
    environment: EnvironmentManifest,
    output: Annotated[Path, typer.Option(help="The spec.json to write.")],
) -> None:
    """Resolve a model of the config to its spec."""
    from samebits.config import Model
    from samebits.resolve import resolve

    resolved = resolve(name, Model.model_validate_json(model), recipe, data.parent, environment.parent)
    output.write_bytes(resolved.canonical())


@app.command(rich_help_panel=RULES)
def train(
    spec: Annotated[Path, typer.Option(exists=True, help="spec.json.")],
    recipe: Recipe,
    data: DataManifest,
    environment: EnvironmentManifest,
    library: Annotated[Path, typer.Option(exists=True, help="What `samebits library` made.")],
    ledger: Annotated[Path, typer.Option(help="ledger.jsonl; an interrupted run in its folder goes on.")],
) -> None:
    """Train a spec in a sealed process of its locked environment."""
    from samebits import launch

    launch.train(spec, recipe, data.parent, environment.parent, library, ledger.parent)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more runs of one model.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the verdict as JSON.")] = None,
) -> None:
    """Compare runs bit for bit; every recorded file is checked first.

    Exit status: 0 identical, 1 different (but 0 with --output, which the verdict is written to), 2 refused.
    """
    from samebits import verdict
    from samebits.compare import compare

    found = compare(runs)
    if output:
        verdict.write(found, output)
        return
    print(verdict.sentence(found))
    raise typer.Exit(found["verdict"] != "identical")


@app.command(rich_help_panel=RULES)
def verify(path: Annotated[Path, typer.Argument(help="A verdict.json.")]) -> None:
    """Fail unless a verdict is identical, saying where the runs part.

    Exit status: 0 identical, 1 different.
    """
    from samebits import verdict

    found = verdict.read(path)
    print(verdict.sentence(found), file=sys.stderr)
    raise typer.Exit(found["verdict"] != "identical")


@app.command(rich_help_panel=RULES)
def report(
    results: Annotated[Path, typer.Argument(help="Folder of results.")],
    models: Annotated[list[str], typer.Argument(help="The models, in the order of the page.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")],
) -> None:
    """Write the report: verdicts, loss curves, digests and fingerprints on one self-contained page."""
    from samebits import report

    report.write(results, models, output)


@app.command()
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; this folder if none.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where it runs: cpu or cuda; either if not given.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="What is to be pinned.")] = None,
    framework_version: Annotated[list[str] | None, typer.Option(help="As torch=2.13; repeatable.")] = None,
    lock: Annotated[Path | None, typer.Option(help="requirements.lock that gives the versions.")] = None,
    sealed: Annotated[bool | None, typer.Option(help="The files run as recipes of samebits.")] = None,
    select: Annotated[str | None, typer.Option(help="Only these rules: SB1,SB203; ALL for all.")] = None,
    extend_select: Annotated[str | None, typer.Option(help="These rules, too.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Not these rules.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Pattern of paths to skip; repeatable.")] = None,
    format: Annotated[str, typer.Option(help="text, json, sarif, github or html.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    fail_on: Annotated[
        str, typer.Option(help="Exit with 1 from error, warning or note on, or never.")
    ] = "warning",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would do.")] = False,
    explain: Annotated[str | None, typer.Option(help="Print the page of a rule: --explain SB102.")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Print the table of all rules.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Look at every file anew.")] = False,
    cache_dir: Annotated[Path | None, typer.Option(help="Folder of the cache.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core if not given.")] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="Read no pyproject.toml.")] = False,
    relative_to: Annotated[Path | None, typer.Option(help="Name files relative to this folder.")] = None,
) -> None:
    """Find what would make a result irreproducible, in Python files and notebooks that are never run.

    Exit status: 0 nothing found, 1 found (or, with --diff, something to mend), 2 refused.
    """
    from samebits import lint
    from samebits.lint import explain as pages

    if explain is not None or rules:
        print(pages.table() if explain is None else pages.page(explain))
        return
    options = lint.Options(
        paths=paths or [],
        device=device,
        tier=tier,
        framework_version=tuple(framework_version or ()),
        lock=lock,
        sealed=sealed,
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        exclude=tuple(exclude or ()),
        format=format,
        output=output,
        fail_on=fail_on,
        fix=fix,
        diff=diff,
        no_cache=no_cache,
        cache_dir=cache_dir,
        jobs=jobs,
        isolated=isolated,
        relative_to=relative_to,
    )
    raise typer.Exit(lint.run(options))


@app.command(rich_help_panel=RULES)
def linted(sarif: Annotated[Path, typer.Argument(exists=True, help="A lint.sarif.")]) -> None:
    """Fail if a lint.sarif holds an error, printing it.

    Exit status: 0 no error, 1 errors.
    """
    from samebits.lint.output import sarif as output

    errors = output.errors(sarif)
    for line in errors:
        print(line, file=sys.stderr)
    raise typer.Exit(bool(errors))


@app.command(hidden=True)
def schema(output: Annotated[Path, typer.Argument()]) -> None:
    """Write the config's JSON Schema (for developers: it is committed)."""
    import json

    from samebits import config

    output.write_text(json.dumps(config.schema(), indent=2) + "\n")


@env.command("list")
def env_list() -> None:
    """List the environments that can be built here."""
    from samebits import environments

    for name in environments.known(roots()):
        print(name)


@env.command("lock")
def env_lock(
    names: Annotated[list[str], typer.Argument(help="Environments; see `samebits env list`.")],
) -> None:
    """Solve environment.yaml anew and write requirements.lock, with hashes."""
    from samebits import environments

    for name in names:
        environments.write_lock(environments.find(name, roots()))


@env.command("build")
def env_build(
    name: Annotated[str, typer.Argument(help="An environment; see `samebits env list`.")],
    prefix: Annotated[Path, typer.Argument(help="Where to build it.")],
    force: Annotated[bool, typer.Option(help="Remove what is there first.")] = False,
) -> None:
    """Build an environment from its lock and check every installed file."""
    from samebits import environments

    environments.build(environments.find(name, roots()), prefix, force=force)


@env.command("verify")
def env_verify(prefix: Annotated[Path, typer.Argument(help="A built environment.")]) -> None:
    """Check every file of a built environment and name what changed."""
    from samebits import environments

    found = environments.verify(prefix)
    print(f"{prefix}: {found.name}, {len(found.files)} files as they were installed, {found.digest}")


@profile.command("list")
def profiles_list() -> None:
    """List the profiles that samebits brings."""
    from samebits import profiles

    for name in profiles.known():
        print(name)


@profile.command("install")
def profiles_install() -> None:
    """Make `snakemake --profile NAME` work from any folder, for every profile of samebits."""
    from samebits import profiles

    for folder in profiles.install():
        print(folder)


def _console(stderr: bool = False) -> Console:
    """Return a console that is wide enough for a table where no terminal says how wide it is."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=110)


def roots() -> list[Path]:
    """Return the folders in which recipes and environments are looked up: here, then samebits' own."""
    return [Path.cwd(), samebits.root()]


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
