"""What a packaged model is called: as a distribution, as a module, and as a file."""

import keyword
import re
import sys
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from samebits import frameworks
from samebits.sealed.errors import Refused

#: modules that a package of the same name would hide, or that would hide it, for every framework
_TAKEN = {"numpy", "safetensors", "samebits", "test", *sys.stdlib_module_names}


@dataclass(frozen=True)
class Names:
    """The names of a packaged model.

    Attributes:
        distribution: as indexes know it, ``digits-cnn``.
        module: as it is imported, ``digits_cnn``.
        version: its version, normalised (PEP 440).
    """

    distribution: str
    module: str
    version: str

    @classmethod
    def of(cls, name: str, version: str) -> "Names":
        """Derive all names from one.

        Raises:
            Refused: no module can be called so, or it is no version.
        """
        distribution = re.sub(r"[-_.]+", "-", name).lower()
        module = distribution.replace("-", "_")
        if not module.isidentifier() or keyword.iskeyword(module) or module in _reserved():
            raise Refused(
                f"a package cannot be called {name}: Python could not import {module}; give the model "
                "another name with package: {name: …}"
            )
        try:
            normal = str(Version(version))
        except InvalidVersion:
            raise Refused(
                f"{version!r} is no version of a package (PEP 440); write one such as 1.0.0"
            ) from None
        return cls(distribution, module, normal)

    @property
    def wheel(self) -> str:
        """The file name of the wheel."""
        return f"{self.module}-{self.version}-py3-none-any.whl"

    @property
    def conda(self) -> str:
        """The file name of the conda package, without ``.conda``."""
        return f"{self.distribution}-{self.version}-py_0"


def _reserved() -> set[str]:
    return _TAKEN.union(*(frameworks.traits(name).modules for name in frameworks.known()))
