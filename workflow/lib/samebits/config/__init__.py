"""The config: what a user writes, typed, checked before any job starts, and described as a JSON Schema.

A section's type is declared by the part of samebits that owns it, and composed in ``whole``. Measured
processes see none of it, but the resolved ``samebits.sealed.spec.Spec``.
"""

from samebits.config.json_schema import schema
from samebits.config.model import Model
from samebits.config.reading import find, read
from samebits.config.recipes import recipe_file
from samebits.config.validation import load
from samebits.config.whole import Config

__all__ = ["Config", "Model", "find", "load", "read", "recipe_file", "schema"]
