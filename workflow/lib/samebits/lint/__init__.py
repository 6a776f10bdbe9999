"""The linter: finds, before any training, what would make a result irreproducible.

Files are parsed and resolved (``semantics``), never imported. What is known of frameworks lies in ``catalog``;
what can be said about it in ``rules``, by way of questions that several of them ask (``questions``). ``driver``
goes from paths to findings, and ``output`` writes these.
"""

from samebits.lint.driver.invocation import Options, run
from samebits.lint.output import rulebook as explain

__all__ = ["Options", "explain", "run"]
