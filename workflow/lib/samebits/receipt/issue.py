"""Issuing a receipt: gather the materials, state what was found, sign it, and write all of it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from samebits.environments.specification import Source
from samebits.receipt import envelope, keys, materials, signing, statement
from samebits.receipt.keys import Key
from samebits.sealed import files
from samebits.sealed.spec import Spec

RECEIPT = "receipt.intoto.json"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a model was made from.

    Attributes:
        spec: ``spec.json``.
        recipe: the recipe's file.
        data: folder of the data set.
        source: where the data set comes from, as JSON.
        environment: where the environment is described.
        prefix: the built environment.
    """

    spec: Path
    recipe: Path
    data: Path
    source: str
    environment: Source
    prefix: Path


def issue(folder: Path, made: Made) -> Path:
    """Write the receipt of the verified model in ``results/<model>``; return the signed one.

    Leaves ``materials/``, ``receipt.intoto.json`` and ``receipt.dsse.json``, and ``model.sig`` if
    model-signing is installed.

    Raises:
        Refused: the model is not verified, something changed since, or the key cannot be used.
    """
    spec = Spec.read(made.spec)
    target = folder / materials.FOLDER
    found = materials.gather(spec, made.recipe, made.data, made.source, made.environment, made.prefix, target)
    receipt = statement.make(folder, found, materials.code(made.recipe))
    text = statement.encode(receipt)
    files.write(folder / RECEIPT, text)
    signed = folder / envelope.ENVELOPE
    files.write(signed, envelope.sign(text, own_key()))
    if signing.available():
        run = folder / str(receipt.predicate.verdict.runs[0].run)
        signing.sign(run / "model", folder / signing.SIGNATURE, keys.own_path())
    return signed


def own_key() -> Key:
    """Return the user's own key, which is made if there is none, and said so.

    Raises:
        Refused: it cannot be read or written.
    """
    path = keys.own_path()
    if path.exists():
        return Key.read(path)
    try:
        made = Key.create(path)
    except keys.Taken:  # by another process, just now
        return Key.read(path)
    print(
        f"samebits: made a signing key of your own, {made.public.id}: keep {path}, and give "
        f"{keys.public_path(path)} to those who verify",
        file=sys.stderr,
    )
    return made
