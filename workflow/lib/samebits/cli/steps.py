"""The steps of the workflow, each called by one rule."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samebits.cli.app import RULES, app
from samebits.sealed.errors import Refused

if TYPE_CHECKING:
    from samebits.jobs import launch

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


@app.command(rich_help_panel=RULES)
def data(
    name: Annotated[str, typer.Argument(help="The data set's name.")],
    source: Annotated[str, typer.Option(help="Its source as JSON, as in the config.")],
    folder: Annotated[Path, typer.Option(help="Where to put it.")],
) -> None:
    """Fetch a data set, check it, and write data.json."""
    from samebits.datasets import download, fetch, sources

    with download.display() as progress:
        fetch.fetch(name, sources.parse(source), folder, progress)


@app.command(rich_help_panel=RULES)
def library(
    framework: Annotated[str, typer.Argument(help="What the processes train with.")],
    folder: Annotated[Path, typer.Argument(help="Where to put it.")],
) -> None:
    """Lay out what measured processes import of samebits, which no environment holds."""
    from samebits import frameworks
    from samebits.jobs import install_library

    if framework not in frameworks.known():
        names = ", ".join(frameworks.known())
        raise Refused(f"there is no framework {framework!r}; samebits has {names}")
    install_library.install(framework, folder)


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
    from samebits.jobs.resolve import resolve
    from samebits.sealed import files

    resolved = resolve(name, Model.model_validate_json(model), recipe, data.parent, environment.parent)
    files.write(output, resolved.canonical())


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
    from samebits.jobs import launch

    launch.train(inputs(spec, recipe, data, environment, library, execution), ledger.parent)


@app.command(rich_help_panel=RULES)
def sample(
    ledger: Annotated[Path, typer.Argument(exists=True, help="ledger.jsonl of a finished run.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample.json to write.")],
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the segments, above 0, rounded up.")
    ] = 1.0,
) -> None:
    """Draw the segments of a run that are replayed, from its ledger and a number that nobody knew before."""
    from samebits.proof.sample import Sample

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
    from samebits.jobs import launch

    prepared = inputs(spec, recipe, data, environment, library, execution)
    launch.replay(prepared, run.parent, sample, segment, ledger.parent)


@app.command(rich_help_panel=RULES)
def report(
    results: Annotated[Path, typer.Argument(help="Folder of results.")],
    models: Annotated[list[str], typer.Argument(help="The models, in the order of the page.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")],
) -> None:
    """Write the report: verdicts, loss curves, digests and fingerprints on one self-contained page."""
    from samebits import report

    report.write(results, models, output)


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


def inputs(
    spec: Path, recipe: Path, data: Path, environment: Path, library: Path, execution: str
) -> "launch.Inputs":
    """Put together what a measured process is started from."""
    from samebits.jobs import launch
    from samebits.sealed.execution import Execution

    return launch.Inputs(
        spec=spec,
        recipe=recipe,
        data=data.parent,
        prefix=environment.parent,
        library=library,
        execution=Execution.parse(execution),
    )
