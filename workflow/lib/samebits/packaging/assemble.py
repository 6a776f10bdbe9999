"""Building: the staged package with its evidence, every file signed, as a wheel and as a .conda."""

import json
import shutil
import tempfile
from dataclasses import dataclass
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
        packing = _Packing(package, metadata, receipt, key, output)
        archives = [packing.write("wheel", wheel)]
        if conda.available():
            archives.append(packing.write("conda", conda))
        return archives


def _check_staged(package: Path, receipt: Receipt) -> None:
    """Refuse a staged package of another run than the receipt's."""
    for each in receipt.subject:
        if each.name.startswith(statement.MODEL) and file_digest(package / each.name) != each.value:
            raise Refused(f"{package.name}: {each.name} is not what was verified; run the workflow again")
    if not (package / "__init__.py").read_bytes():
        raise Refused(
            f"{package.name}: it was laid out by an earlier version of samebits; run the workflow again"
        )
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


@dataclass(frozen=True)
class _Packing:
    """A finished package, and what makes signed archives of it.

    Attributes:
        package: the folder that is imported.
        metadata: what the archives say of it.
        receipt: the model's.
        key: signs every file.
        output: where the archives are put.
    """

    package: Path
    metadata: Metadata
    receipt: Receipt
    key: Key
    output: Path

    def write(self, kind: Literal["wheel", "conda"], writer: ModuleType) -> Path:
        """Sign the package's files, write the archive, and verify it as a user would."""
        package = self.package
        (package / STATEMENT).unlink(missing_ok=True)
        within = f"site-packages/{package.name}" if kind == "conda" else package.name
        files = {
            f"{within}/{path.relative_to(package).as_posix()}": file_digest(path)
            for path in sorted(package.rglob("*"))
            if path.is_file()
        }
        files |= _around(kind, writer, self.metadata, within)
        statement_text = statement.encode(self._statement(kind, files))
        (package / STATEMENT).write_bytes(envelope.sign(statement_text, self.key))
        written: Path = writer.write(package, self.metadata, self.output)
        check(written, [self.key.public])
        return written

    def _statement(self, kind: Literal["wheel", "conda"], files: dict[str, str]) -> Package:
        receipt = file_digest(self.package / "evidence" / envelope.ENVELOPE).removeprefix("sha256:")
        return Package(
            subject=[Resource.of(name, digest) for name, digest in sorted(files.items())],
            predicate=Packed(
                name=self.metadata.names.distribution,
                version=self.metadata.names.version,
                kind=kind,
                model=self.receipt.predicate.model,
                receipt=Sha256(sha256=receipt),
            ),
        )
