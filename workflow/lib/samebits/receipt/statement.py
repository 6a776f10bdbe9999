"""The statements: of a model (its receipt) and of a package, as in-toto's Statement version 1 has them.

Every field is declared and checked, and no other is let in: what is read comes from strangers. The same
materials, artifacts and verdict give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

import samebits
from samebits.proof import verdict
from samebits.proof.verdict import Difference, Verdict
from samebits.results.run import PREDICTIONS, Run
from samebits.sealed.digest import canonical_json, file_digest
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import FINISHED

_Type = Literal["https://in-toto.io/Statement/v1"]

#: names of a receipt's subjects; a model's files are below ``model/``
LEDGER, MODEL = FINISHED, "model/"

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^[a-z0-9-]+:[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Sha256(_Strict):
    """A digest as in-toto has it."""

    sha256: Hex


class Resource(_Strict):
    """Something by its name and its digest (in-toto's ResourceDescriptor)."""

    name: str = Field(min_length=1, description="relative path, or what it is")
    digest: Sha256

    @classmethod
    def of(cls, name: str, digest: str) -> "Resource":
        """Name something by a digest as samebits writes it, ``sha256:…``."""
        return cls(name=name, digest=Sha256(sha256=digest.removeprefix("sha256:")))

    @property
    def value(self) -> str:
        """The digest as samebits writes it, ``sha256:…``."""
        return f"sha256:{self.digest.sha256}"


class Code(_Strict):
    """The state of the git repository that the recipe lay in."""

    commit: str = Field(pattern=r"^[0-9a-f]{40,64}$", description="the commit that was checked out")
    modified: bool = Field(description="whether the recipe was not as in this commit")


@dataclass(frozen=True, kw_only=True)
class Proven(Verdict):
    """The verdict, as in verdict.json."""

    verdict: Literal["identical"] = field(metadata={"description": "there is no receipt for anything else"})
    differences: tuple[Difference, ...] = field(metadata={"max_length": 0})


class Claim(_Strict):
    """A receipt's predicate: what it says of its subjects."""

    model: str
    samebits: str = Field(description="version of samebits that trained and compared")
    code: Code | None = Field(None, description="left out if the recipe lay in no git repository")
    materials: list[Resource] = Field(min_length=1, description="what the model was made from")
    spec: dict[str, JsonValue] = Field(description="spec.json")
    fingerprint: dict[str, JsonValue] = Field(description="fingerprint.json of the first run")
    verdict: Proven

    @property
    def data(self) -> dict[str, str]:
        """The files of the data set among the materials: name -> ``sha256:…``."""
        files = [each for each in self.materials if each.name.startswith("data/")]
        return {each.name.removeprefix("data/"): each.value for each in files}


class Receipt(_Strict):
    """The statement of a model."""

    type: _Type = Field("https://in-toto.io/Statement/v1", alias="_type")
    subject: list[Resource] = Field(
        min_length=1, description="the ledger, the predictions, the model's files"
    )
    predicateType: Literal["urn:samebits:receipt:1"] = "urn:samebits:receipt:1"
    predicate: Claim

    @model_validator(mode="after")
    def _named_once(self) -> "Receipt":
        _check_names(self.subject, self.predicate.materials)
        return self


class Packed(_Strict):
    """A package's predicate."""

    name: str = Field(description="of the distribution")
    version: str
    kind: Literal["wheel", "conda"]
    model: str
    receipt: Sha256 = Field(description="of the signed receipt in the package")


class Package(_Strict):
    """The statement of a package: every file in it but itself and the list of files."""

    type: _Type = Field("https://in-toto.io/Statement/v1", alias="_type")
    subject: list[Resource] = Field(min_length=1, description="files of the archive by their paths")
    predicateType: Literal["urn:samebits:package:1"] = "urn:samebits:package:1"
    predicate: Packed

    @model_validator(mode="after")
    def _named_once(self) -> "Package":
        _check_names(self.subject)
        return self


Statement = TypeVar("Statement", Receipt, Package)


def make(folder: Path, materials: Mapping[str, str], code: Code | None) -> Receipt:
    """Put together the receipt of a verified model.

    Args:
        folder: ``results/<model>``.
        materials: name -> ``sha256:…`` of what the model was made from.
        code: the state of the recipe's repository.

    Raises:
        Refused: the verdict is not identical, or not of what lies in the folder now; or a file is missing,
            changed or not what the ledger says.
    """
    judged = verdict.read(folder / verdict.FILE)
    if not judged.identical:
        raise Refused(f"model {judged.model}: its verdict is {judged.verdict}; there is no receipt for it")
    run = Run.open(folder / str(judged.runs[0].run)).check()
    if run.head != judged.runs[0].ledger:
        raise Refused(f"model {judged.model}: trained again since its verdict; run the workflow again")
    subjects = {LEDGER: file_digest(run.folder / FINISHED)}
    subjects[PREDICTIONS] = file_digest(run.folder / PREDICTIONS)
    subjects |= {f"{MODEL}{name}": digest for name, digest in run.model.items()}
    return Receipt(
        subject=[Resource.of(name, digest) for name, digest in sorted(subjects.items())],
        predicate=Claim(
            model=judged.model,
            samebits=samebits.__version__,
            code=code,
            materials=[Resource.of(name, digest) for name, digest in sorted(materials.items())],
            spec=run.spec,
            fingerprint=run.fingerprint,
            verdict=TypeAdapter(Proven).validate_json(verdict.encode(judged)),
        ),
    )


def encode(statement: Receipt | Package) -> bytes:
    """Encode as canonical JSON; what is not known is left out."""
    return canonical_json(statement.model_dump(mode="json", by_alias=True, exclude_none=True)) + b"\n"


def parse(data: bytes, where: str) -> Receipt:
    """Decode a receipt; ``where`` names it in errors.

    Raises:
        Refused: it is not one, or of another version.
    """
    return _parse(Receipt, data, where)


def parse_package(data: bytes, where: str) -> Package:
    """Decode the statement of a package; raises Refused as ``parse`` does."""
    return _parse(Package, data, where)


def _parse(kind: type[Statement], data: bytes, where: str) -> Statement:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Refused(
            f"{where} is no statement that this version of samebits ({samebits.__version__}) reads: "
            f"{place}: {first['msg']}"
        ) from None


def _check_names(*lists: list[Resource]) -> None:
    for resources in lists:
        if len({each.name for each in resources}) < len(resources):
            raise ValueError("two resources have one name")
