"""What a file's code means: scopes, bindings, dotted paths and constants, without importing anything.

``walk`` goes over the tree once and gives ``Nodes``; ``Semantics`` resolves expressions on demand: to dotted
paths (``qualified``, ``annotations``) and to constants (``constants``).
"""

from samebits.lint.semantics.resolution import UNKNOWN, Semantics

__all__ = ["UNKNOWN", "Semantics"]
