"""Packages: made by the workflow, and published."""

import json
from pathlib import Path
from typing import Annotated

import typer

from samebits.cli.app import RULES, app, roots
from samebits.cli.steps import DataManifest, EnvironmentManifest, Library, Recipe, SpecFile, inputs
from samebits.sealed.errors import Refused

DescriptionJson = Annotated[str, typer.Option(help="The section package of the model, as JSON.")]
Verdict = Annotated[Path, typer.Option(exists=True, help="verdict.json in the model's folder.")]


@app.command(rich_help_panel=RULES)
def stage(
    spec: SpecFile,
    recipe: Recipe,
    data: DataManifest,
    environment: EnvironmentManifest,
    library: Library,
    verdict: Verdict,
    description: DescriptionJson,
    folder: Annotated[Path, typer.Option(help="The folder to make.")],
) -> None:
    """Lay out the package of a verified model, and let it predict what the ledger recorded."""
    from samebits.jobs import launch
    from samebits.packaging.description import Description
    from samebits.packaging.stage import stage as lay_out
    from samebits.proof.verdict import read
    from samebits.sealed.spec import Spec

    judged = read(verdict)
    run = verdict.parent / str(judged.runs[0].run)
    described = Description.model_validate_json(description)
    names = described.names(Spec.read(spec).model)
    lay_out(run, judged, recipe, names, folder)
    probed = inputs(spec, recipe, data, environment, library, "{}")
    if status := launch.package(probed, run, folder, names, described):
        raise typer.Exit(status)


@app.command(rich_help_panel=RULES)
def package(
    verdict: Verdict,
    staged: Annotated[Path, typer.Option(exists=True, help="What `samebits stage` made.")],
    description: DescriptionJson,
    output: Annotated[Path, typer.Option(help="packages.json; the packages lie beside it.")],
) -> None:
    """Write the wheel and the conda package of a verified model, and list them with their digests."""
    from samebits.packaging.assemble import build
    from samebits.packaging.description import Description
    from samebits.proof.verdict import read
    from samebits.receipt import Different, Uncheckable
    from samebits.receipt.issue import own_key
    from samebits.sealed import files
    from samebits.sealed.digest import file_digest

    described = Description.model_validate_json(description)
    names = described.names(read(verdict).model)
    try:
        paths = build(verdict.parent, staged, names, described, own_key(), output.parent)
    except (Different, Uncheckable) as error:
        raise Refused(f"{error}; run the workflow again, so that the receipt is issued anew") from None
    listed = {path.name: file_digest(path) for path in paths}
    files.write(output, json.dumps(listed, indent=2) + "\n")
    for path in paths:
        print(path)


@app.command(rich_help_panel=RULES)
def image(
    packages: Annotated[Path, typer.Argument(exists=True, help="dist/packages.json in a model's folder.")],
    environment: EnvironmentManifest,
    layout: Annotated[Path, typer.Option(help="Folder of the image, an OCI layout.")],
    output: Annotated[Path, typer.Option(help="Write the image's digest here.")],
) -> None:
    """Write an image that serves a model: its locked environment, and the package in it.

    `podman pull oci:LAYOUT` loads it, and `skopeo copy oci:LAYOUT docker://…` pushes it.
    """
    from samebits.packaging import image
    from samebits.receipt import Different
    from samebits.receipt.issue import own_key
    from samebits.sealed import files

    (wheel,) = packages.parent.glob("*.whl")
    try:
        digest = image.write(wheel, environment.parent, own_key().public, layout)
    except Different as different:
        raise Refused(f"{different}; run the target package again") from None
    files.write(output, f"{digest}\n")
    print(f"{layout}: {digest}")


@app.command()
def publish(
    packages: Annotated[Path, typer.Argument(exists=True, help="dist/packages.json in a model's folder.")],
    places: Annotated[
        str | None,
        typer.Option(help="The section publish, as JSON; that of config/config.yaml here if not given."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write what was done as JSON.")
    ] = None,
) -> None:
    """Publish a model's packages; what is there already stays, and other content is never replaced.

    Passwords come from TWINE_USERNAME and TWINE_PASSWORD or the keyring, SAMEBITS_CHANNEL_TOKEN, and `skopeo
    login`.
    """
    from dataclasses import asdict

    from samebits import config
    from samebits.publish.places import Places
    from samebits.publish.uploads import publish
    from samebits.receipt import Different
    from samebits.receipt.keys import own_public
    from samebits.sealed import files

    if places is None:
        places = json.dumps(config.read(config.find(roots())).get("publish", {}))
    where = Places.parse(places)
    if (key := own_public()) is None:
        raise Refused("there is no key of yours that could have signed them; run the target package")
    try:
        done = publish(packages, where, key, dry_run)
    except Different as different:
        raise Refused(f"{different}; run the target package again") from None
    for each in done:
        print(f"{each.file}: {each.outcome} ({each.place})")
    if output:
        files.write(output, json.dumps([asdict(each) for each in done], indent=2) + "\n")
