"""Issuing a receipt: gather the materials, state what was found, sign it, and write all of it."""

import sys
from pathlib import Path

from samebits.receipt import envelope, keys, materials, signing, statement
from samebits.receipt.keys import Key
from samebits.receipt.materials import Origin
from samebits.sealed import files
from samebits.sealed.spec import Spec

RECEIPT = "receipt.intoto.json"


def issue(folder: Path, origin: Origin) -> Path:
    """Write the receipt of the verified model in ``results/<model>``; return the signed one.

    Leaves ``materials/``, ``receipt.intoto.json`` and ``receipt.dsse.json``, and ``model.sig`` if
    model-signing is installed.

    Raises:
        Refused: the model is not verified, something changed since, or the key cannot be used.
    """
    spec = Spec.read(origin.spec)
    target = folder / materials.FOLDER
    gathered = materials.gather(spec, origin, target)
    receipt = statement.make(folder, gathered, materials.code(origin.recipe))
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
        created = Key.create(path)
    except keys.Taken:  # by another process, just now
        return Key.read(path)
    print(
        f"samebits: made a signing key of your own, {created.public.id}: keep {path}, and give "
        f"{keys.public_path(path)} to those who verify",
        file=sys.stderr,
    )
    return created
