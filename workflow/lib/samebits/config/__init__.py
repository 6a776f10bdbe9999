"""The config: what a user writes, typed, checked before any job starts, and described as a JSON Schema.

Lives on the workflow side only; measured processes see the resolved ``samebits.spec.Spec``.
"""

from samebits.config.files import find, read
from samebits.config.recipes import recipe_file
from samebits.config.sections import (
    Config,
    Model,
    Package,
    Publish,
    Tracking,
    parse_publish,
    schema,
)
from samebits.config.validation import load

__all__ = [
    "Config",
    "Model",
    "Package",
    "Publish",
    "Tracking",
    "find",
    "load",
    "parse_publish",
    "read",
    "recipe_file",
    "schema",
]
