"""Is it authentic: signed by a key that is trusted, every byte as signed, and its evidence sound?"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samebits.receipt import archive, envelope, materials, signing, statement
from samebits.receipt.issue import RECEIPT
from samebits.receipt.keys import PublicKey
from samebits.receipt.statement import Package, Receipt
from samebits.receipt.unverified import Different, Uncheckable
from samebits.results.run import PREDICTIONS
from samebits.sealed import ledger
from samebits.sealed.digest import bytes_digest, canonical_json, file_digest, files_digest
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Begin, Checkpoint, Model
from samebits.sealed.spec import Spec

#: the signed statement of a package, in the package's own folder
STATEMENT = "package.dsse.json"


@dataclass(frozen=True)
class Checked:
    """What was found authentic.

    Attributes:
        what: a line that says what it is.
        receipt: what is claimed of it.
        folder: where its materials and its ledger lie; only while it is being checked.
        ledger: the ledger's file, or None for a receipt alone.
    """

    what: str
    receipt: Receipt
    folder: Path | None
    ledger: Path | None


def check(path: Path, trusted: Sequence[PublicKey], scratch: Path | None = None) -> Checked:
    """Check a wheel, a .conda, an unpacked package, ``results/<model>`` or a receipt.

    Nothing in it is executed.

    Args:
        path: what to check.
        trusted: keys of whom may have signed.
        scratch: an empty folder to unpack a package in, if its files are wanted afterwards.

    Raises:
        Refused: it is none of these, broken, or made to do harm.
        Different: it is not what was signed, or not signed by a trusted key.
        Uncheckable: there is no key to judge by.
    """
    if not path.exists():
        raise Refused(f"{path} is not there; give a package, a folder of results or a receipt")
    if path.is_dir():
        if (path / envelope.ENVELOPE).is_file():
            return _results(path, trusted)
        if (path / STATEMENT).is_file():
            return _package_folder(path, trusted)
        raise Refused(f"{path} holds no {envelope.ENVELOPE} and no {STATEMENT}; verify a model's folder")
    if path.suffix == ".json":
        return _receipt(path, trusted)
    if scratch is not None:
        return _archive(path, trusted, scratch)
    with tempfile.TemporaryDirectory(prefix="samebits-") as folder:
        return _archive(path, trusted, Path(folder))


def _archive(path: Path, trusted: Sequence[PublicKey], folder: Path) -> Checked:
    kind, files = archive.unpack(path, folder)
    statements = [name for name in files if name.endswith(f"/{STATEMENT}")]
    if len(statements) != 1:
        raise Refused(f"{path} is no package of samebits: it holds no {STATEMENT}")
    (signed,) = statements
    packed = _opened(folder / signed, trusted, str(path))
    if packed.predicate.kind != kind:
        raise Different(f"{path}: its statement is of a {packed.predicate.kind}, and it is a {kind}")
    covered = {each: hex for each, hex in files.items() if each != signed and not archive.is_list(kind, each)}
    _compare(path, packed.subject, covered)
    predicate = packed.predicate
    name = predicate.name.replace("-", "_") if kind == "wheel" else predicate.name
    if not path.name.startswith(f"{name}-{predicate.version}-"):
        raise Different(f"{path}: it is called so, and is {predicate.name} {predicate.version}")
    return _packed(path, packed, folder / signed.rpartition("/")[0], trusted)


def _package_folder(folder: Path, trusted: Sequence[PublicKey]) -> Checked:
    """Check a package where it is installed or unpacked: the folder that is imported."""
    packed = _opened(folder / STATEMENT, trusted, str(folder))
    digests = {
        name: _digest(path)
        for name, path in _files(folder).items()
        if "__pycache__" not in path.parts and path != folder / STATEMENT
    }
    # a noarch conda package has its modules below site-packages/
    above = f"{'site-packages/' if packed.predicate.kind == 'conda' else ''}{folder.name}/"
    own = [
        each.model_copy(update={"name": each.name.removeprefix(above)})
        for each in packed.subject
        if each.name.startswith(above)
    ]
    _compare(folder, own, digests)
    checked = _packed(folder, packed, folder, trusted)
    if any(folder.rglob("__pycache__/*.pyc")):
        note = "; not the bytecode in its __pycache__, which Python wrote here and no signature covers"
        checked = replace(checked, what=checked.what + note)
    return checked


def _packed(path: Path, packed: Package, folder: Path, trusted: Sequence[PublicKey]) -> Checked:
    """Check the receipt in a package that is as its statement says."""
    signed = folder / "evidence" / envelope.ENVELOPE
    if _digest(signed) != packed.predicate.receipt.sha256:
        raise Different(f"{path}: the receipt in it is not the one that its statement names")
    receipt = _read_receipt(signed, trusted, f"{path}, {envelope.ENVELOPE}")
    if receipt.predicate.model != packed.predicate.model:
        raise Different(f"{path}: the receipt is of the model {receipt.predicate.model}")
    files = {statement.LEDGER: folder / "evidence" / ledger.FINISHED, **_model_files(folder / "model")}
    _check_artifacts(path, receipt, files, complete=False)
    _check_evidence(path, receipt, files[statement.LEDGER])
    _check_materials(path, receipt, folder / materials.FOLDER)
    name = f"{packed.predicate.kind} {packed.predicate.name} {packed.predicate.version}"
    return Checked(f"{name}, {_sentence(receipt)}", receipt, folder, files[statement.LEDGER])


def _results(folder: Path, trusted: Sequence[PublicKey]) -> Checked:
    """Check ``results/<model>``."""
    receipt = _read_receipt(folder / envelope.ENVELOPE, trusted, str(folder / envelope.ENVELOPE))
    run = folder / str(receipt.predicate.verdict.runs[0].run)
    files = {
        statement.LEDGER: run / ledger.FINISHED,
        PREDICTIONS: run / PREDICTIONS,
        **_model_files(run / "model"),
    }
    _check_artifacts(folder, receipt, files)
    _check_evidence(folder, receipt, files[statement.LEDGER])
    _check_materials(folder, receipt, folder / materials.FOLDER)
    _check_signature(folder, run / "model", trusted)
    plain = folder / RECEIPT
    if plain.is_file() and plain.read_bytes() != statement.encode(receipt):
        raise Different(f"{plain} is not what was signed in {envelope.ENVELOPE} beside it")
    return Checked(_sentence(receipt), receipt, folder, files[statement.LEDGER])


def _check_signature(folder: Path, model: Path, trusted: Sequence[PublicKey]) -> None:
    """Hold the model's files against the further signature, if there is one and it can be read here."""
    signature = folder / signing.SIGNATURE
    if signature.is_file() and signing.available():
        signed = json.loads((folder / envelope.ENVELOPE).read_bytes())["signatures"]
        (key,) = [key for key in trusted if key.id in [each["keyid"] for each in signed]][:1]
        with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
            signing.check(model, signature, key, Path(scratch))


def _receipt(path: Path, trusted: Sequence[PublicKey]) -> Checked:
    """Check a receipt alone: signed, and in agreement with itself."""
    signed = path.with_name(envelope.ENVELOPE) if path.name == RECEIPT else path
    if not signed.is_file():
        raise Uncheckable(f"{path} is not signed: there is no {signed.name} beside it")
    receipt = _read_receipt(signed, trusted, str(signed))
    if signed != path and path.read_bytes() != statement.encode(receipt):
        raise Different(f"{path} is not what was signed in {signed.name} beside it")
    _check_claim(path, receipt)
    return Checked(f"{_sentence(receipt)} (the receipt alone)", receipt, None, None)


def _opened(path: Path, trusted: Sequence[PublicKey], where: str) -> Package:
    return statement.parse_package(envelope.authenticate(path.read_bytes(), trusted, where), where)


def _read_receipt(path: Path, trusted: Sequence[PublicKey], where: str) -> Receipt:
    if not path.is_file():
        raise Different(f"{where}: the receipt is missing")
    return statement.parse(envelope.authenticate(path.read_bytes(), trusted, where), where)


def _model_files(folder: Path) -> dict[str, Path]:
    return {f"{statement.MODEL}{name}": path for name, path in _files(folder).items()}


def _files(folder: Path) -> dict[str, Path]:
    """Return all files below a folder by their paths within it.

    Raises:
        Different: there is a link, which may lead to other code tomorrow, or something else that is no file.
    """
    paths = sorted(folder.rglob("*"))
    for path in paths:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Different(f"{path} is no plain file, and was not there when it was signed")
    return {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}


def _check_artifacts(where: Path, receipt: Receipt, files: Mapping[str, Path], complete: bool = True) -> None:
    """Hold the artifacts against the receipt's subjects; a package does not have the predictions."""
    subjects = [each for each in receipt.subject if complete or each.name != PREDICTIONS]
    _compare(where, subjects, {name: _digest(path) for name, path in files.items()})


def _compare(where: Path, subjects: Sequence[statement.Resource], digests: Mapping[str, str]) -> None:
    stated = {each.name: each.digest.sha256 for each in subjects}
    for name in sorted(stated.keys() | digests.keys()):
        if stated.get(name) != digests.get(name) or not digests.get(name):
            what = "was added" if name not in stated else "changed" if digests.get(name) else "is missing"
            raise Different(f"{where}: {name} {what} since it was signed")


def _check_evidence(where: Path, receipt: Receipt, path: Path) -> None:
    """Hold the ledger, line by line, against what the receipt says of it."""
    try:
        records = ledger.read(path)
        head = ledger.head(path)
    except Refused as refused:
        raise Different(f"{where}: {refused}") from None
    claim = receipt.predicate
    begin = records[0]
    states = [record for record in records if isinstance(record, Checkpoint)]
    models = [record for record in records if isinstance(record, Model)]
    if not (isinstance(begin, Begin) and states and models):
        raise Different(f"{where}: the ledger is not that of a whole run")
    pairs: list[tuple[str, Any, Any]] = [
        ("the head of the ledger", head, claim.verdict.runs[0].ledger),
        ("the spec", begin.spec, claim.spec),
        ("the last state", states[-1].state, claim.verdict.state),
        ("the last step", states[-1].step, claim.verdict.steps),
        (
            "the model",
            {f"{statement.MODEL}{name}": digest for name, digest in models[0].files.items()},
            {each.name: each.value for each in receipt.subject if each.name.startswith(statement.MODEL)},
        ),
    ]
    for what, recorded, claimed in pairs:
        if recorded != claimed:
            raise Different(f"{where}: {what} in the ledger is not that of the receipt")
    _check_claim(where, receipt)


def _check_claim(where: Path, receipt: Receipt) -> None:
    """Hold what a receipt says against itself: one signed for one model, and filled from another, fails."""
    claim = receipt.predicate
    spec = Spec.parse(canonical_json(claim.spec), f"{where}, the receipt's spec")
    named = {each.name: each.value for each in claim.materials}
    recipe = f"{materials.FOLDER}/{spec.recipe.partition(':')[0]}"
    pairs: list[tuple[str, Any, Any]] = [
        ("model", claim.model, spec.model),
        ("model of the verdict", claim.verdict.model, spec.model),
        ("tier", claim.verdict.tier, spec.tier),
        ("framework", claim.verdict.framework, spec.framework),
        (
            "fingerprint",
            bytes_digest(canonical_json(claim.fingerprint)),
            claim.verdict.runs[0].fingerprint,
        ),
        ("spec", named.get(materials.SPEC), spec.digest),
        ("recipe", named.get(recipe), spec.recipe_digest),
        ("data set", files_digest(claim.data), spec.data_digest),
        ("environment", named.get(materials.CONTENT), spec.environment_digest),
        ("library", named.get(materials.LIBRARY), spec.library_digest),
    ]
    for what, one, other in pairs:
        if one != other:
            raise Different(
                f"{where}: the {what} is {one} in one place of the receipt and {other} in another"
            )
    ledgers = {run.ledger for run in claim.verdict.runs}
    if claim.verdict.mode == "rerun" and (len(claim.verdict.runs) < 2 or len(ledgers) > 1):
        raise Different(f"{where}: the verdict is identical, and its runs are not two with one ledger")


def _check_materials(where: Path, receipt: Receipt, folder: Path) -> None:
    named = [each for each in receipt.predicate.materials if each.name.startswith(f"{materials.FOLDER}/")]
    digests = {f"{materials.FOLDER}/{name}": _digest(path) for name, path in _files(folder).items()}
    _compare(where, named, digests)
    described = json.loads((folder / materials.DESCRIPTION).read_bytes())
    if described["data"]["files"] != receipt.predicate.data:
        raise Different(f"{where}: {materials.DESCRIPTION} describes another data set than the receipt")


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex; empty if it is not there."""
    return file_digest(path).removeprefix("sha256:") if path.is_file() else ""


def _sentence(receipt: Receipt) -> str:
    """Say what a receipt claims: the model, what was compared, how many steps, and their state."""
    claim = receipt.predicate
    judged = claim.verdict
    proof = f"{len(judged.runs)} runs"
    if judged.mode == "replay":
        proof = f"a run and the replays of {len(judged.replays)} of its {judged.segments} segments"
    return f"{claim.model}: {proof} of {judged.steps} steps were identical, {judged.state}"
