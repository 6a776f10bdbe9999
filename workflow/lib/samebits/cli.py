"""The command line: for people, and for the rules of the workflow, each of which calls one command."""

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import samebits
from samebits.errors import Refused, explain

if TYPE_CHECKING:
    from samebits import launch

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
SpecFile = Annotated[Path, typer.Option("--spec", exists=True, help="spec.json.")]
Library = Annotated[Path, typer.Option("--library", exists=True, help="What `samebits library` made.")]
ExecutionJson = Annotated[
    str, typer.Option("--execution", help="What the result does not depend on, as JSON.")
]
Name = Annotated[str, typer.Argument(help="An environment; see `samebits env list`.")]
PlainHttp = Annotated[bool, typer.Option(help="The registry speaks HTTP, as those on loopback do.")]


class Backend(StrEnum):
    """What installs an environment."""

    pip = "pip"
    conda = "conda"
    container = "container"


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
    # a file in the working directory must not be imported in place of a module
    status = subprocess.call(
        [sys.executable, "-m", "snakemake", "--snakefile", samebits.snakefile(), *arguments],
        env={**os.environ, "PYTHONSAFEPATH": "1"},
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
    spec: SpecFile,
    recipe: Recipe,
    data: DataManifest,
    environment: EnvironmentManifest,
    library: Library,
    ledger: Annotated[Path, typer.Option(help="ledger.jsonl; an interrupted run in its folder goes on.")],
    execution: ExecutionJson = "{}",
) -> None:
    """Train a spec in a sealed process of its locked environment."""
    from samebits import launch

    launch.train(_inputs(spec, recipe, data, environment, library, execution), ledger.parent)


@app.command(rich_help_panel=RULES)
def sample(
    ledger: Annotated[Path, typer.Argument(exists=True, help="ledger.jsonl of a finished run.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample.json to write.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the segments, rounded up.")] = 1.0,
) -> None:
    """Draw the segments of a run that are replayed, from its ledger and a number that nobody knew before."""
    from samebits.sample import Sample

    Sample.draw(ledger.parent, share).write(output)


@app.command(rich_help_panel=RULES)
def replay(
    spec: SpecFile,
    recipe: Recipe,
    data: DataManifest,
    environment: EnvironmentManifest,
    library: Library,
    run: Annotated[Path, typer.Option(exists=True, help="ledger.jsonl of the run.")],
    sample: Annotated[Path, typer.Option(exists=True, help="sample.json.")],
    segment: Annotated[int, typer.Option(min=1, help="Which segment; 1 is the first.")],
    ledger: Annotated[Path, typer.Option(help="The replay's ledger.jsonl to write.")],
    execution: ExecutionJson = "{}",
) -> None:
    """Compute one segment of a run again, from its checkpoint, in a sealed process."""
    from samebits import launch

    inputs = _inputs(spec, recipe, data, environment, library, execution)
    launch.replay(inputs, run.parent, sample, segment, ledger.parent)


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
    from samebits import verdict
    from samebits.compare import compare, compare_replays

    if (len(runs) == 1) != (sample is not None):
        raise Refused("give the folders of two or more runs, or that of one run and --sample")
    found = compare_replays(runs[0], sample) if sample else compare(runs)
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


@app.command()
def lock(
    names: Annotated[
        list[str] | None, typer.Argument(help="Environments; all of this folder if none.")
    ] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="pip writes requirements.lock only; conda writes both locks.")
    ] = None,
) -> None:
    """Solve environment.yaml anew and write both locks, with hashes: requirements.lock and conda-lock.yml."""
    from samebits import environments
    from samebits.environments import backends

    if backend != Backend.pip:
        backends.need_conda()
    sources = [environments.find(name, roots()) for name in names or environments.known(roots()[:1])]
    if not sources:
        raise Refused("there is no envs/<name>/environment.yaml here; name an environment")
    for source in sources:
        if backend == Backend.pip:
            environments.write_lock(source)
        else:
            from samebits.environments.conda import lock

            lock.write_lock(source)


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
    name: Name,
    prefix: Annotated[Path, typer.Argument(help="Where to build it.")],
    backend: Annotated[Backend, typer.Option(help="What installs it.")] = Backend.pip,
    force: Annotated[bool, typer.Option(help="Remove what is there first.")] = False,
) -> None:
    """Build an environment from its lock and check every installed file."""
    from samebits import environments

    environments.build(environments.find(name, roots()), prefix, backend.value, force=force)


@env.command("verify")
def env_verify(prefix: Annotated[Path, typer.Argument(help="A built environment.")]) -> None:
    """Check every file of a built environment and name what changed."""
    from samebits import environments

    found = environments.verify(prefix)
    print(f"{prefix}: {found.name}, {len(found.files)} files as they were installed, {found.digest}")


@env.command("conda")
def env_conda(folder: Annotated[Path, typer.Argument(help="Where to put it.")]) -> None:
    """Write a conda command for Snakemake's `--sdm conda`, where no conda is installed; prints its folder."""
    from samebits.environments import backends

    backends.need_conda()
    from samebits.environments.conda import command

    print(command.write(folder).parent)


@env.command("wheels")
def env_wheels(
    name: Name, prefix: Annotated[Path, typer.Argument(help="A conda environment.", exists=True)]
) -> None:
    """Install requirements.lock into a conda environment (for Snakemake's `--sdm conda`)."""
    from samebits import environments
    from samebits.environments.conda import wheels

    wheels.install_wheels(environments.find(name, roots()), prefix)


@env.command("check")
def env_check(
    name: Name, prefix: Annotated[Path, typer.Argument(help="A conda environment, however it was made.")]
) -> None:
    """Check that a conda environment holds what its locks say, as packed (for Snakemake's `--sdm conda`)."""
    from samebits import environments
    from samebits.environments import backends

    backends.need_conda()
    from samebits.environments.conda import install

    install.check_prefix(environments.find(name, roots()), prefix)
    print(f"{prefix}: {name}, as it is locked")


@env.command("sbom")
def env_sbom(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    backend: Annotated[Backend, typer.Option(help="Whose packages to list.")] = Backend.pip,
) -> None:
    """Write the packages of an environment's locks as a CycloneDX bill of materials."""
    from samebits import environments
    from samebits.environments.sbom import write

    write(environments.find(name, roots()), backend.value, output)


@env.command("push")
def env_push(
    prefix: Annotated[Path, typer.Argument(help="An environment of the backend container.")],
    reference: Annotated[str, typer.Argument(help="Registry and repository: HOST[:PORT]/NAME.")],
    plain_http: PlainHttp = False,
) -> None:
    """Push the image of an environment to a registry; prints its name with the digest."""
    from samebits.environments.container import registry

    print(registry.push(prefix, reference, plain_http))


@env.command("pull")
def env_pull(
    reference: Annotated[str, typer.Argument(help="HOST[:PORT]/NAME@sha256:…, as `env push` prints it.")],
    prefix: Annotated[Path, typer.Argument(help="Where to put it; `env verify` checks it.")],
    plain_http: PlainHttp = False,
) -> None:
    """Pull the image of an environment by its digest, instead of building it."""
    from samebits.environments.container import registry

    registry.pull(reference, prefix, plain_http)


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


def _inputs(
    spec: Path, recipe: Path, data: Path, environment: Path, library: Path, execution: str
) -> "launch.Inputs":
    """Put together what a measured process is started from."""
    from samebits import launch
    from samebits.execution import Execution

    return launch.Inputs(
        spec=spec,
        recipe=recipe,
        data=data.parent,
        prefix=environment.parent,
        library=library,
        execution=Execution.parse(execution),
    )


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
    except OSError as error:
        if (said := explain(error, Path.cwd())) is None:
            raise
        print(f"samebits: {said}", file=sys.stderr)
        sys.exit(2)
