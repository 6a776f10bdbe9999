"""What an index shows of a package, and what it depends on, for wheels and conda packages alike."""

import re
from dataclasses import dataclass
from typing import Any

from samebits.packaging.naming import Names

#: distributions of PyPI that conda-forge calls otherwise
CONDA = {"torch": "pytorch", "xgboost-cpu": "py-xgboost-cpu", "xgboost": "py-xgboost"}


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The metadata of a package.

    Attributes:
        names: what it is called.
        summary: one line.
        license: an SPDX expression; none if empty.
        card: the model card, in Markdown.
        requires: distribution -> version; as in the environment that it was trained in.
        further: further requirements, as pip writes them.
    """

    names: Names
    summary: str
    license: str
    card: str
    requires: dict[str, str]
    further: tuple[str, ...] = ()

    @property
    def pip(self) -> list[str]:
        """The requirements as pip writes them."""
        return [*(f"{name}=={version}" for name, version in self.requires.items()), *self.further]

    @property
    def conda(self) -> list[str]:
        """The requirements as conda writes them."""
        versions = {CONDA.get(name.lower(), name.lower()): version for name, version in self.requires.items()}
        further = [re.sub(r"\s+", "", each).replace("==", " ==", 1) for each in self.further]
        return ["python >=3.11", *(f"{name} =={version}" for name, version in versions.items()), *further]

    @property
    def pyproject(self) -> dict[str, Any]:
        """What pyproject.toml says of it below ``project``."""
        return {
            "name": self.names.distribution,
            "version": self.names.version,
            "description": self.summary,
            "readme": "README.md",
            "requires-python": ">=3.11",
            "dependencies": self.pip,
            "scripts": {self.names.distribution: f"{self.names.module}.__main__:main"},
            **({"license": self.license} if self.license else {}),
        }
