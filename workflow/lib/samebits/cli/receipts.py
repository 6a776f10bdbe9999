"""Receipts: issued by the workflow, and verified by anyone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from samebits.cli.app import RULES, app, roots
from samebits.sealed.errors import Refused


@app.command()
def verify(
    path: Annotated[
        Path, typer.Argument(help="A wheel, a .conda, a model's folder, a receipt, or a verdict.json.")
    ],
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key of whom you trust; repeatable. Your own if none is given."),
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Build the locked environment and train again.")
    ] = False,
    sample: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="With --replay of a model's folder: only this share of the segments, above 0."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The data set, where its maker had it in a file of their own.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="With --replay: folder of environments.")] = Path(".samebits"),
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="With --replay: run the recipe, though another signed it.")
    ] = False,
) -> None:
    """Check signature, digests and ledger of a model, without running anything it holds.

    Exit status: 0 authentic, or reproduced with --replay; 1 different, and where; 2 refused: not a file of
    samebits, or a broken one; 3 not checkable, and why.
    """
    if path.name == "verdict.json":
        return _verdict(path)
    if not replay and (sample is not None or data is not None or allow_code):
        raise Refused("--sample, --data and --allow-code go with --replay; add it, or leave them out")
    from samebits.receipt import Different, Foreign, Uncheckable
    from samebits.receipt.check import check
    from samebits.receipt.keys import PublicKey, own_public

    own = own_public()
    trusted = [PublicKey.read(each) for each in key] if key else [own] if own else []
    try:
        if not replay:
            print(f"authentic: {check(path, trusted).what}")
            return
        from samebits.jobs import reproduce

        request = reproduce.Request(sample=sample, data=data, own=own, allow_code=allow_code, cache=cache)
        print(f"reproduced: {reproduce.reproduce(path, trusted, request)}")
    except Different as different:
        if isinstance(different, Foreign) and not key:  # no key was given that says whom to trust
            mend = "get the public key from them and give it with --key"
            print(f"not checkable: {different}; {mend}", file=sys.stderr)
            raise typer.Exit(3) from None
        print(f"different: {different}", file=sys.stderr)
        raise typer.Exit(1) from None
    except Uncheckable as uncheckable:
        print(f"not checkable: {uncheckable}", file=sys.stderr)
        raise typer.Exit(3) from None


def _verdict(path: Path) -> None:
    from samebits.proof import verdict

    judged = verdict.read(path)
    print(verdict.sentence(judged), file=sys.stderr)
    raise typer.Exit(not judged.identical)


@app.command()
def key(
    new: Annotated[Path | None, typer.Option(help="Make a key at this path instead.")] = None,
) -> None:
    """Show the key that receipts and packages are signed with; it is made when it is first needed.

    The variable SAMEBITS_KEY names another file, and SAMEBITS_KEY_PASSWORD holds the password of one that is
    encrypted.
    """
    from samebits.receipt import keys

    if new:
        created = keys.Key.create(new)
        print(f"{created.public.id}\n{keys.public_path(new)}")
        return
    public = keys.own_public()
    if public is None:
        raise Refused(f"there is no key at {keys.own_path()}; the first receipt makes one, or `--new PATH`")
    print(f"{public.id}\n{keys.public_path(keys.own_path())}")


@app.command()
def sign(
    model: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="A model's folder: results/MODEL.")
    ],
    ambient: Annotated[
        bool, typer.Option("--ambient", help="Take the identity that a CI service gives; do not ask.")
    ] = False,
) -> None:
    """Sign a verified model by Sigstore, too, with your identity instead of a key: model.sigstore.json.

    Receipts are signed with your key by the workflow. This needs Sigstore's servers and `samebits[signing]`.
    """
    from samebits.receipt import Different, Uncheckable, signing
    from samebits.receipt.check import check
    from samebits.receipt.keys import own_public

    own = own_public()
    try:
        run = check(model, [own] if own else []).receipt.predicate.verdict.runs[0].run
    except (Different, Uncheckable) as error:
        raise Refused(f"{error}; only what is authentic is signed again") from None
    signature = model / signing.KEYLESS
    signing.sign_keyless(model / str(run) / "model", signature, ambient)
    print(signature)


@app.command(rich_help_panel=RULES)
def receipt(
    verdict: Annotated[Path, typer.Option(exists=True, help="verdict.json in the model's folder.")],
    spec: Annotated[Path, typer.Option(exists=True, help="spec.json.")],
    recipe: Annotated[Path, typer.Option(exists=True, help="The recipe's file.")],
    data: Annotated[Path, typer.Option(exists=True, help="data.json of the data set.")],
    source: Annotated[str, typer.Option(help="Where the data set comes from, as JSON.")],
    environment: Annotated[Path, typer.Option(exists=True, help="environment.json of the environment.")],
) -> None:
    """Issue the signed receipt of a verified model, beside its verdict."""
    from samebits import environments
    from samebits.receipt.issue import issue
    from samebits.receipt.materials import Origin

    prefix = environment.parent
    origin = Origin(
        spec=spec,
        recipe=recipe,
        data=data.parent,
        source=source,
        environment=environments.find(environments.read(prefix).name, roots()),
        prefix=prefix,
    )
    print(issue(verdict.parent, origin))
