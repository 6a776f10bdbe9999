"""The bill of materials of an environment, from its locks: CycloneDX 1.6 in JSON, always the same bytes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from samebits.environments import backends
from samebits.environments.backends.backend import LockedPackage
from samebits.environments.extras import need
from samebits.environments.lock import write_file
from samebits.environments.specification import Source

if TYPE_CHECKING:
    from cyclonedx.model.component import Component


def write(source: Source, backend: str, output: Path) -> None:
    """Write the packages of an environment as a bill of materials.

    Its time and serial number are derived from the locks: equal locks give an equal file.

    Args:
        source: the environment.
        backend: whose packages for this machine are listed.
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
        components=[_component(package) for package in installer.packages(source)],
    )
    bom.register_dependency(subject, bom.components)
    write_file(output, JsonV1Dot6(bom).output_as_string(indent=2) + "\n")


def _component(package: LockedPackage) -> "Component":
    """Describe a package. Where a lock accepts several files, their hashes are no hash of the package."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    url = PackageURL(package.type, None, package.name, package.version, dict(package.qualifiers))
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes]
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(package.page),
        comment="the hashes of the files that the lock accepts",
        hashes=hashes,
    )
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=str(url),
        hashes=() if package.page else hashes,
        external_references=[files] if package.page else (),
    )
