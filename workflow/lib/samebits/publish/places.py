"""Where models are published to: the section ``publish`` of a config. No password has a place here."""

from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from samebits.sealed.errors import Refused
from samebits.section import Section, parse, without_password

#: variable that holds the token of a channel's server
TOKEN = "SAMEBITS_CHANNEL_TOKEN"  # noqa: S105  the variable's name


class Index(Section):
    """A package index."""

    upload: str = Field(pattern="^https?://", description="URL that twine uploads to")
    simple: str = Field(pattern="^https?://", description="URL of its simple API, to see what is there")

    @field_validator("upload", "simple")
    @classmethod
    def _without_password(cls, url: str) -> str:
        return without_password(url, "TWINE_PASSWORD or the keyring")


class Channel(Section):
    """A conda channel."""

    kind: Literal["folder", "prefix", "quetz", "anaconda"] = Field("folder", description="what keeps it")
    place: str = Field(min_length=1, description="the folder, or the URL of the server")
    name: str = Field("", description="the channel on the server; the owner on anaconda.org")

    @field_validator("place")
    @classmethod
    def _without_password(cls, place: str) -> str:
        return without_password(place, TOKEN)


class Registry(Section):
    """A registry of OCI artifacts."""

    place: str = Field(
        pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*$", description="HOST[:PORT]/NAME, without the model's"
    )
    plain_http: bool = Field(False, description="it has no TLS, as on loopback")


class Places(Section):
    """Where packages go with the target publish. Passwords never stand here."""

    model_config = ConfigDict(title="Publish")

    index: Index | None = Field(None, description="a package index, for wheels")
    channel: Channel | None = Field(None, description="a conda channel")
    registry: Registry | None = Field(None, description="a registry, for all of it as one artifact")

    @classmethod
    def parse(cls, text: str) -> "Places":
        """Read the places from JSON.

        Raises:
            Refused: it is no section ``publish``, or names no place.
        """
        places: Places = parse(cls, text, "section publish")
        if places == cls():
            raise Refused(
                "the section publish names no place; write an index, a channel or a registry into it"
            )
        return places


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
