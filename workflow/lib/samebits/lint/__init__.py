"""The linter: finds, before any training, what would make a result irreproducible.

Files are parsed and resolved (``names``), never imported. What is known of frameworks lies in catalogs
(``catalog/*.toml``); what catalogs cannot say is in ``rules``.
"""

from samebits.lint.command import Options, run

__all__ = ["Options", "run"]
