"""The JSON Schema of the config, for editors and other programs."""

from typing import Any

from samebits.config.whole import Config

#: keys of a model that ``defaults`` or the framework decide where they are left out
_FILLED_IN = ("steps", "environment")


def schema() -> dict[str, Any]:
    """Return the config's JSON Schema (2020-12), as ``workflow/schemas/config.schema.json`` holds it."""
    described = Config.model_json_schema()
    for key in _FILLED_IN:
        described["$defs"]["Model"]["required"].remove(key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "samebits config",
        **{key: value for key, value in described.items() if key != "title"},
    }
