"""Errors of the types as one line each: the key, what is wrong, the mend."""

import difflib
from collections.abc import Iterable
from typing import Any

from samebits.config import sections
from samebits.config.sections import NAME


def explain(error: Any) -> str:
    """Turn one of Pydantic's errors into one line: the key, what is wrong, the mend."""
    # Pydantic adds the names of tried types to the place of a union's error
    place = [str(part) for part in error["loc"] if part not in ("Sklearn", "Local", "Download", "Files")]
    shown = (part if part.isprintable() else repr(part) for part in place if part != "[key]")
    key, value = ".".join(shown), error["input"]
    match error["type"]:
        case "extra_forbidden":
            known = _keys_at(place[:-1])
            return f"config: {key}: unknown key{near(place[-1], known)}; known here: {', '.join(known)}"
        case "missing":
            return f"config: {key}: this key is missing; add it"
        case "literal_error":
            expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"config: {key}: {value!r} is none of {expected}{near(value, expected.split(', '))}"
        case "string_pattern_mismatch" if "[key]" in place or error["ctx"]["pattern"] == NAME:
            return f"config: {key}: {value!r} cannot be a name; use letters, digits, - and _ only"
        case "value_error":
            return f"config: {key}: {error['ctx']['error']}"
    return f"config: {key}: {error['msg'][0].lower()}{error['msg'][1:]}, found {value!r}"


def _keys_at(place: list[str]) -> list[str]:
    match place:
        case []:
            return list(sections.Config.model_fields)
        case ["defaults"]:
            return list(sections.Defaults.model_fields)
        case ["models", _]:
            return sorted(sections.Model.model_fields)
        case ["models", _, "verify"] | ["defaults", "verify"]:
            return list(sections.Verify.model_fields)
        case ["models", _, "dask"]:
            return list(sections.Dask.model_fields)
        case ["models", _, "package"] | ["defaults", "package"]:
            return list(sections.Package.model_fields)
        case ["publish"]:
            return list(sections.Publish.model_fields)
        case ["publish", "index"]:
            return list(sections.Index.model_fields)
        case ["publish", "channel"]:
            return list(sections.Channel.model_fields)
        case ["publish", "registry"]:
            return list(sections.Registry.model_fields)
        case ["tracking"]:
            return list(sections.Tracking.model_fields)
    return ["sklearn", "path", "url", "sha256", "files"]


def near(word: Any, known: Iterable[str]) -> str:
    """Ask whether one of the known words was meant, if one is close; else say nothing."""
    match = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean {match[0]!r}?" if match else ""
