"""What a model's package is called and says of itself: the section ``package`` of a config."""

from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import InvalidRequirement, Requirement
from pydantic import ConfigDict, Field

from samebits.packaging.naming import Names
from samebits.sealed.errors import Refused
from samebits.section import NAME, Section


class Description(Section):
    """What a model's package is called and says of itself."""

    model_config = ConfigDict(title="Package")

    name: str | None = Field(None, pattern=NAME, description="of the distribution; the model's if not given")
    version: str = Field("0.1.0", description="of the package (PEP 440)")
    summary: str = Field("", pattern=r"^[^\n]*$", description="one line; made from the model if not given")
    license: str = Field("", description="an SPDX expression, such as MIT")
    dependencies: list[str] = Field(
        [], description="what the package needs besides what it imports, as pip writes it"
    )

    def names(self, model: str) -> Names:
        """Return what the package of a model is called.

        Raises:
            Refused: no package can be called so.
        """
        return Names.of(self.name or model, self.version)

    def summary_of(self, spec: dict[str, Any]) -> str:
        """Return the summary, made from the spec if there is none."""
        default = f"A {spec['framework']} model trained on {spec['data']}, proven bit-identical"
        return self.summary or default

    def check(self, model: str) -> None:
        """Refuse what no index would take of the package of a model.

        Raises:
            Refused: its name, its version, a requirement or the licence is not written as indexes read it, or
                a requirement is a URL.
        """
        names = self.names(model)
        for each in self.dependencies:
            try:
                requirement = Requirement(each)
            except InvalidRequirement:
                raise Refused(
                    f"{each!r} is no requirement of {names.distribution}; write NAME==VERSION"
                ) from None
            if requirement.url:
                raise Refused(f"{each!r} is a URL, which no index takes; write NAME==VERSION")
        if self.license:
            try:
                canonicalize_license_expression(self.license)
            except InvalidLicenseExpression:
                raise Refused(
                    f"{self.license!r} is no licence; write an SPDX expression such as MIT"
                ) from None
