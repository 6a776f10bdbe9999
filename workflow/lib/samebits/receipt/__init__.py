"""Receipts: signed statements that these artifacts came from these materials, with this verdict.

``statement`` puts one together from a verified model's folder, ``envelope`` signs it and opens what was
signed, ``keys`` knows whose keys there are. docs/formats/receipt.md describes the files.
"""

from samebits.receipt.envelope import ENVELOPE, authenticate, sign
from samebits.receipt.keys import Key, PublicKey
from samebits.receipt.statement import Package, Receipt, encode, make, parse, parse_package
from samebits.receipt.unverified import Different, Foreign, Uncheckable

__all__ = [
    "ENVELOPE",
    "Different",
    "Foreign",
    "Key",
    "Package",
    "PublicKey",
    "Receipt",
    "Uncheckable",
    "authenticate",
    "encode",
    "make",
    "parse",
    "parse_package",
    "sign",
]
