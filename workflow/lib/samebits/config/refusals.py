"""What is wrong with a config, in one line each: the key, what is wrong, the mend."""

import difflib
import re
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from samebits.section import NAME

#: Pydantic's mark of an error in a mapping's key, and not in the value below it
_KEY = "[key]"


def explain(error: Any, kind: type[BaseModel], within: Sequence[str] = ()) -> str:
    """Turn one of Pydantic's errors into one line.

    Args:
        error: as Pydantic lists it.
        kind: the type that was checked.
        within: the keys below which a value of that type stands.
    """
    place, reached = _follow(kind, error["loc"])
    key = ".".join(part if part.isprintable() else repr(part) for part in (*within, *place))
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            _, section = _follow(kind, error["loc"][:-1])
            keys = _keys(section)
            there = f"known here: {', '.join(keys)}" if keys else "there are none here"
            return f"config: {key}: unknown key{near(place[-1], keys)}; {there}"
        case "union_tag_not_found" | "union_tag_invalid":
            telling = [next(iter(each.model_fields)) for each in _models(reached)]
            return f"config: {key}: write one of {', '.join(telling)}, and what it needs"
        case "model_type" | "dict_type":
            return f"config: {key}: write its keys below it, as config/README.md shows; it is {_shown(value)}"
        case "too_short" if key == "models":
            return "config: models: there is none; write at least one, as config/README.md shows"
        case "string_type" if _KEY in error["loc"]:
            return f"config: {key}: {value!r} is no text to YAML; put it into quotes"
        case "missing":
            return f"config: {key}: this key is missing; add it"
        case "literal_error":
            expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"config: {key}: {value!r} is none of {expected}{near(value, expected.split(', '))}"
        case "string_pattern_mismatch" if _KEY in error["loc"] or error["ctx"]["pattern"] == NAME:
            return (
                f"config: {key}: {value!r} cannot be a name; use letters, digits, - and _ only, and begin "
                "with a letter or digit"
            )
        case "value_error":
            return f"config: {key}: {error['ctx']['error']}"
    return f"config: {key}: {error['msg'][0].lower()}{error['msg'][1:]}, found {_shown(value)}"


def near(word: Any, choices: Iterable[str]) -> str:
    """Ask whether one of the choices was meant, if one is close; else say nothing."""
    match = difflib.get_close_matches(str(word), list(choices), 1)
    return f"; did you mean {match[0]!r}?" if match else ""


def _shown(value: Any) -> str:
    """Write a value without the user and password that a URL in it may hold."""
    return re.sub(r"://[^/\s]*@", "://…@", repr(value))


def _follow(kind: Any, location: Iterable[int | str]) -> tuple[list[str], Any]:
    """Return the keys that a user wrote to a place, and the type there.

    Pydantic's location also has the name of the union's member that it chose, which is not in the config.
    """
    place = []
    for part in location:
        members = {each.__name__: each for each in _models(kind)}
        if len(members) > 1 and part in members:
            kind = members[str(part)]
        elif part != _KEY:
            place.append(str(part))
            kind = _below(kind, part)
    return place, kind


def _below(kind: Any, key: int | str) -> Any:
    """Return the type of what stands below a key."""
    for each in _members(kind):
        if isinstance(each, type) and issubclass(each, BaseModel) and key in each.model_fields:
            return each.model_fields[str(key)].annotation
        if get_origin(each) in (dict, list):
            return get_args(each)[-1]
    return None


def _keys(section: Any) -> list[str]:
    """List the keys of a section, those first that must be there."""
    return [
        name
        for must in (True, False)
        for each in _models(section)
        for name, field in each.model_fields.items()
        if field.is_required() == must
    ]


def _models(kind: Any) -> list[type[BaseModel]]:
    """List the sections among the members of a type."""
    return [each for each in _members(kind) if isinstance(each, type) and issubclass(each, BaseModel)]


def _members(kind: Any) -> list[Any]:
    """List the members of a union, or a type alone, without what is annotated."""
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [member for each in get_args(kind) for member in _members(each)]
    return [kind]
