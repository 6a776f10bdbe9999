"""The bill of materials of an environment, from its locks: CycloneDX 1.6 in JSON, always the same bytes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from samebits.environments import backends
from samebits.environments.extras import need
from samebits.environments.lock import read_hashes, read_lock
from samebits.environments.specification import Source
from samebits.sealed.errors import Refused

if TYPE_CHECKING:
    from cyclonedx.model.component import Component


def write(source: Source, backend: str, output: Path) -> None:
    """Write the packages of an environment as a bill of materials.

    Its time and serial number are derived from the locks: equal locks give an equal file.

    Args:
        source: the environment.
        backend: whose packages are listed: ``conda`` adds those of ``conda-lock.yml`` for this machine.
        output: the file.

    Raises:
        Refused: a lock is missing or out of step, or the extra ``sbom`` is not installed.
    """
    need("sbom", "cyclonedx")
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    installer = backends.load(backend)
    installer.check(source)
    lock = installer.lock_digest(source)
    subject = Component(
        name=source.name, type=ComponentType.APPLICATION, version=lock, bom_ref=f"environment:{source.name}"
    )
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, f"{source.name} {lock}"),
        metadata=BomMetaData(component=subject, timestamp=datetime.fromtimestamp(0, UTC)),
        components=[*_wheels(source), *(_conda(source) if backend == "conda" else ())],
    )
    bom.register_dependency(subject, bom.components)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{output}: cannot be written: {error.strerror}") from None


def _wheels(source: Source) -> Iterator["Component"]:
    """Yield the locked wheels. A lock has the hashes of all files of a version, of which one is installed."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    hashes = read_hashes(source)
    for name, version in read_lock(source).items():
        url = PackageURL("pypi", None, name, version)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"https://pypi.org/simple/{name}/"),
            comment="the hashes of the files that the lock accepts",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes[name]],
        )
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=str(url),
            external_references=[files],
        )


def _conda(source: Source) -> Iterator["Component"]:
    """Yield the locked conda packages of this machine's platform."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    from samebits.environments.backends.conda.solve import here, read_lock

    for package in read_lock(source, here()):
        where = {"build": package.build, "channel": package.channel, "subdir": package.subdir}
        url = PackageURL("conda", None, package.name, package.version, where)
        digest = package.sha256.removeprefix("sha256:")
        yield Component(
            name=package.name,
            version=package.version,
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=str(url),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )
