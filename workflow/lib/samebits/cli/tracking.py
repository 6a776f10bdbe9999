"""The command that tracks what was recorded in MLflow."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from samebits.cli.app import app
from samebits.tracking.destination import ALIAS, EXPERIMENT


@app.command()
def track(
    models: Annotated[
        list[Path] | None, typer.Argument(help="Folders of models; all below results if none.")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow's tracking URI; MLFLOW_TRACKING_URI, or mlflow.db beside the models if none."
        ),
    ] = None,
    experiment: Annotated[str, typer.Option(help="The experiment that runs belong to.")] = EXPERIMENT,
    alias: Annotated[str, typer.Option(help="The alias of a version whose verdict is identical.")] = ALIAS,
    artifacts: Annotated[str | None, typer.Option(help="Where a new experiment keeps its files.")] = None,
    wheel: Annotated[
        Path | None, typer.Option(exists=True, help="The model's package; the one in dist/ if not given.")
    ] = None,
    register: Annotated[
        bool, typer.Option(help="Register models that are verified and packaged, too.")
    ] = True,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write tracked.json.")] = None,
    failed: Annotated[int, typer.Option(hidden=True, help="Attempts before this one that failed.")] = 0,
) -> None:
    """Write runs and verified models to MLflow, or what it lacks of them; what is there is left alone.

    Exit status: 0 tracked, 1 the store cannot be written (but 0 with --output, which says so), 2 refused.
    """
    from samebits.sealed.errors import Refused
    from samebits.tracking import local
    from samebits.tracking.destination import place
    from samebits.tracking.gather import gather
    from samebits.tracking.track import track

    models = models or sorted(path.parent for path in Path("results").glob("*/verdict.json"))
    if not models:
        raise Refused("results holds no verdict; run the workflow first: samebits run --profile local")
    if len(models) > 1 and (wheel or output):
        raise Refused("--wheel and --output belong to one model; give one folder")
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or local(models[0].parent)
    where = place(uri, experiment, alias, artifacts)
    outcomes = track([gather(folder, wheel, register) for folder in models], where)
    for outcome in outcomes:
        if output:
            outcome.write(output, uri, failed)
        if outcome.pending is None:
            registered = f", registered as version {outcome.version}" if outcome.version else ""
            print(f"{outcome.model}: {len(outcome.runs)} runs are in {uri}{registered}")
    if late := [outcome for outcome in outcomes if outcome.pending]:
        again = ["samebits", "track", *(str(folder) for folder in models[-len(late) :]), "--uri", uri]
        again += ["--experiment", experiment] * (experiment != EXPERIMENT)
        print(
            f"samebits: not tracked yet: {', '.join(outcome.model for outcome in late)}: {late[0].pending}; "
            f"nothing is lost, run the workflow again or: {shlex.join(again)}",
            file=sys.stderr,
        )
    raise typer.Exit(bool(late) and output is None)
