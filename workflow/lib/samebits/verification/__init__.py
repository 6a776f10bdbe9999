"""Verification: is a package, a folder of results or a receipt what was signed, and can it be made again?

Nothing that is given is executed or trusted before it was checked: archives are unpacked by ``archive``,
which lets nothing out of the folder, and what they hold is compared with what the signature covers.
"""

from samebits.verification.check import Checked, check

__all__ = ["Checked", "check"]
