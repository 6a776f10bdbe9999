"""How every section of the config behaves, whichever part of samebits declares it.

A part that can be configured declares the type of its section itself, from these, and ``samebits.config``
composes them. So a key, its limits and its description stand in one place.
"""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from samebits.sealed.errors import Refused

#: of models, data sets, packages and environments: each is also the name of a folder
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
Name = Annotated[str, Field(pattern=NAME)]


class Section(BaseModel):
    """Refuses unknown keys, converts no value to another type, and never changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def without_password(url: str, place: str) -> str:
    """Return a URL that holds no user or password, which logs and command lines would show.

    Args:
        url: what a user wrote.
        place: where a password belongs, for the message.

    Raises:
        ValueError: it holds one.
    """
    if urlsplit(url).username is not None:
        raise ValueError(f"a user or password must not stand in a URL; put it into {place}")
    return url


def parse(kind: Any, text: str, what: str) -> Any:
    """Read a value of a section's type from the JSON that a rule hands on.

    Args:
        kind: the type.
        text: the JSON.
        what: what it is called in the message.

    Raises:
        Refused: it is none.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(["this", *map(str, first["loc"])])
        said = first["msg"].removeprefix("Value error, ")
        raise Refused(f"{place} is no {what}: {said[0].lower()}{said[1:]}") from None
