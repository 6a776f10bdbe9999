"""Errors of the types as one line each: the key, what is wrong, the mend."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from samebits.config import sections
from samebits.config.sections import NAME
from samebits.datasets.sources import KINDS


def explain(error: Any, known: Iterable[str] = ()) -> str:
    """Turn one of Pydantic's errors into one line: the key, what is wrong, the mend.

    Args:
        error: as Pydantic lists it.
        known: the keys where it is, if they depend on the framework.
    """
    # Pydantic adds the names of tried types to the place of a union's error
    place = [str(part) for part in error["loc"] if part not in KINDS.values()]
    shown = (part if part.isprintable() else repr(part) for part in place if part != "[key]")
    key, value = ".".join(shown), error["input"]
    match error["type"]:
        case "extra_forbidden":
            known = list(known) or _keys_at(place[:-1])
            there = f"known here: {', '.join(known)}" if known else "there are none here"
            return f"config: {key}: unknown key{near(place[-1], known)}; {there}"
        case "union_tag_not_found" | "union_tag_invalid":
            kinds = [kind for kind in KINDS if "files" not in place[2:] or kind in ("path", "url")]
            return f"config: {key}: write one of {', '.join(kinds)}, and what it needs"
        case "model_type" | "dict_type":
            return f"config: {key}: write its keys below it, as config/README.md shows; it is {_shown(value)}"
        case "too_short" if key == "models":
            return "config: models: there is none; write at least one, as config/README.md shows"
        case "string_type" if "[key]" in place:
            return f"config: {key}: {value!r} is no text to YAML; put it into quotes"
        case "missing":
            return f"config: {key}: this key is missing; add it"
        case "literal_error":
            expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"config: {key}: {value!r} is none of {expected}{near(value, expected.split(', '))}"
        case "string_pattern_mismatch" if "[key]" in place or error["ctx"]["pattern"] == NAME:
            return (
                f"config: {key}: {value!r} cannot be a name; use letters, digits, - and _ only, and begin "
                "with a letter or digit"
            )
        case "value_error":
            return f"config: {key}: {error['ctx']['error']}"
    return f"config: {key}: {error['msg'][0].lower()}{error['msg'][1:]}, found {_shown(value)}"


def _shown(value: Any) -> str:
    """Write a value without the user and password that a URL in it may hold."""
    return re.sub(r"://[^/\s]*@", "://…@", repr(value))


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
        case ["data", *_]:
            return [*KINDS, "sha256"]
    return []


def near(word: Any, known: Iterable[str]) -> str:
    """Ask whether one of the known words was meant, if one is close; else say nothing."""
    match = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean {match[0]!r}?" if match else ""
