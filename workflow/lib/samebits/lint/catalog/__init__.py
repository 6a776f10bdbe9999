"""What is known of frameworks: ``*.toml``, each entry with its condition, effect, alternative and source."""

from samebits.lint.catalog.catalog import Catalog, is_named
from samebits.lint.catalog.loading import FOLDER, load, texts

__all__ = ["FOLDER", "Catalog", "is_named", "load", "texts"]
