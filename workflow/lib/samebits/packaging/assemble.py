"""Building: the staged package with its evidence, every file signed, as a wheel and as a .conda."""

import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from samebits.packaging import card, conda, wheel
from samebits.packaging.description import Description
from samebits.packaging.metadata import Metadata
from samebits.packaging.naming import Names
from samebits.proof import verdict
from samebits.receipt import archive, envelope, materials, statement
from samebits.receipt.check import STATEMENT, check
from samebits.receipt.keys import Key
from samebits.receipt.statement import Package, Packed, Receipt, Resource, Sha256
from samebits.sealed import ledger
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused


def build(
    results: Path, staged: Path, names: Names, described: Description, key: Key, output: Path
) -> list[Path]:
    """Write the wheel of a verified model, and the .conda if what writes it is installed.

    Args:
        results: ``results/<model>``, with its receipt.
        staged: the folder that ``stage`` laid out and a measured process completed.
        names: what the package is called.
        described: what its maker says of it.
        key: signs every file; the one that signed the receipt.
        output: folder of the packages; what is in it is replaced.

    Raises:
        Refused: the staged model is not the verified one, or a file is missing.
        samebits.receipt.Different: the results are not what was signed, or were signed by another key.
    """
    receipt = check(results, [key.public]).receipt
    sentence = verdict.sentence(verdict.read(results / verdict.FILE))
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        package = Path(scratch) / names.module
        shutil.copytree(staged / names.module, package, ignore=shutil.ignore_patterns("__pycache__"))
        _check_staged(package, receipt)
        shutil.rmtree(package / materials.FOLDER)  # the recipe alone until now
        shutil.copytree(results / materials.FOLDER, package / materials.FOLDER)
        _add_evidence(package, results, receipt)
        metadata = _describe(package, receipt, names, described, sentence)
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        kinds: dict[Literal["wheel", "conda"], ModuleType] = {"wheel": wheel}
        if conda.available():
            kinds["conda"] = conda
        return [
            _write(kind, writer, package, metadata, receipt, key, output) for kind, writer in kinds.items()
        ]


def _check_staged(package: Path, receipt: Receipt) -> None:
    """Refuse a staged package of another run than the receipt's."""
    for each in receipt.subject:
        if each.name.startswith(statement.MODEL) and file_digest(package / each.name) != each.value:
            raise Refused(f"{package.name}: {each.name} is not what was verified; run the workflow again")
    about = json.loads((package / "about.json").read_bytes())
    if about["spec"] != receipt.predicate.spec or "call" not in about:
        raise Refused(f"{package.name}: it was staged for another spec; run the workflow again")


def _add_evidence(package: Path, results: Path, receipt: Receipt) -> None:
    """Copy the ledger and the signed receipt."""
    evidence = package / "evidence"
    evidence.mkdir()
    run = results / str(receipt.predicate.verdict.runs[0].run)
    shutil.copyfile(run / ledger.FINISHED, evidence / ledger.FINISHED)
    shutil.copyfile(results / envelope.ENVELOPE, evidence / envelope.ENVELOPE)


def _describe(
    package: Path, receipt: Receipt, names: Names, described: Description, sentence: str
) -> Metadata:
    """Write the card; return the package's metadata."""
    signature: dict[str, Any] = json.loads((package / "signature.json").read_bytes())
    summary = described.summary_of(receipt.predicate.spec)
    text = card.write(receipt, signature, names, summary, sentence)
    (package / "MODEL_CARD.md").write_text(text)
    (package / "py.typed").touch()
    return Metadata(
        names=names,
        summary=summary,
        license=described.license,
        card=text,
        requires=signature["requires"],
        further=tuple(described.dependencies),
    )


def _around(kind: str, writer: ModuleType, metadata: Metadata, within: str) -> dict[str, str]:
    """Return what an archive holds besides the package and its own list: path -> ``sha256:…``.

    It describes the package and does not depend on its files, so an archive without any shows it.
    """
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        empty = Path(scratch) / metadata.names.module
        empty.mkdir()
        (empty / "__init__.py").touch()
        _, files = archive.unpack(writer.write(empty, metadata, Path(scratch)), Path(scratch) / "unpacked")
    return {
        name: f"sha256:{digest}"
        for name, digest in files.items()
        if not name.startswith(f"{within}/") and not archive.is_list(kind, name)
    }


def _write(
    kind: Literal["wheel", "conda"],
    writer: ModuleType,
    package: Path,
    metadata: Metadata,
    receipt: Receipt,
    key: Key,
    output: Path,
) -> Path:
    """Sign a package's files, write the archive, and verify it as a user would."""
    (package / STATEMENT).unlink(missing_ok=True)
    within = f"site-packages/{package.name}" if kind == "conda" else package.name
    files = {
        f"{within}/{path.relative_to(package).as_posix()}": file_digest(path)
        for path in sorted(package.rglob("*"))
        if path.is_file()
    }
    files |= _around(kind, writer, metadata, within)
    signed = file_digest(package / "evidence" / envelope.ENVELOPE).removeprefix("sha256:")
    stated = Package(
        subject=[Resource.of(name, digest) for name, digest in sorted(files.items())],
        predicate=Packed(
            name=metadata.names.distribution,
            version=metadata.names.version,
            kind=kind,
            model=receipt.predicate.model,
            receipt=Sha256(sha256=signed),
        ),
    )
    (package / STATEMENT).write_bytes(envelope.sign(statement.encode(stated), key))
    built: Path = writer.write(package, metadata, output)
    check(built, [key.public])
    return built
