"""Where models are published to, as the config says it. No password has a place here."""

from dataclasses import dataclass
from typing import Literal

from samebits.sealed.errors import Refused


@dataclass(frozen=True)
class Index:
    """A package index as PyPI is one.

    Attributes:
        upload: URL that twine uploads to.
        simple: URL of its list of packages.
    """

    upload: str
    simple: str


@dataclass(frozen=True)
class Channel:
    """A conda channel.

    Attributes:
        kind: ``folder`` on a disk, or what runs the server.
        place: the folder, or the server's URL.
        name: the channel on the server, or the owner on anaconda.org.
    """

    kind: Literal["folder", "prefix", "quetz", "anaconda"]
    place: str
    name: str = ""


@dataclass(frozen=True)
class Registry:
    """A registry of OCI artifacts.

    Attributes:
        place: ``host[:port]/name``; the model's name and version follow.
        plain_http: it has no TLS.
    """

    place: str
    plain_http: bool = False


@dataclass(frozen=True)
class Places:
    """All places, each if it is given."""

    index: Index | None = None
    channel: Channel | None = None
    registry: Registry | None = None


def same(place: str, name: str, there: str, ours: str) -> bool:
    """Return true if a place holds what would be published to it, told by digests.

    Raises:
        Refused: it holds something else under this name.
    """
    if there != ours:
        raise Refused(
            f"{place} has another {name} ({there}), which is never replaced; raise the version in the "
            "config, package: {version: …}"
        )
    return True
