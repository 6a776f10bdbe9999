"""Where the code is to run: device, tier and versions decide what is a finding and how bad it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from samebits.lint.catalog.entries import Effect
from samebits.sealed.errors import Refused
from samebits.sealed.tiers import TIERS, at_least

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Context:
    """What a file is linted for.

    Attributes:
        device: ``cpu`` or ``cuda``; None means that it may run on either.
        tier: what is to be pinned (see ``samebits.tiers``).
        versions: framework -> version, for what differs between versions.
        sealed: the file runs as a recipe of samebits, which seeds, orders and switches itself.
    """

    device: str | None = None
    tier: str = "deterministic"
    versions: Mapping[str, str] = field(default_factory=dict)
    sealed: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not exist."""
        if self.device not in (None, *DEVICES):
            raise Refused(f"lint: the device {self.device!r} is none of {', '.join(DEVICES)}")
        if self.tier not in TIERS:
            raise Refused(f"lint: the tier {self.tier!r} is none of {', '.join(TIERS)}")

    def runs_on(self, device: str) -> bool:
        """Tell whether the code may run on ``device`` (``any`` always does)."""
        return device == "any" or self.device in (None, device)

    def has(self, framework: str, versions: SpecifierSet | None) -> bool:
        """Tell whether the framework's version is in a range; unknown versions are assumed to be."""
        if versions is None or framework not in self.versions:
            return True
        return versions.contains(self.versions[framework].partition("+")[0], prereleases=True)

    def severity(self, effect: Effect, device: str) -> str | None:
        """Return how bad an operator's effect is here, or None where it has none."""
        if effect is Effect.SLOWER:
            return "note"
        if not self.runs_on(device):
            return None
        if not at_least(self.tier, "seeded"):
            return "note"
        if not at_least(self.tier, "deterministic"):
            return "warning"
        if effect is Effect.SWITCH:
            return None if self.sealed else "warning"
        return "error" if self.device is not None or device == "any" else "warning"


def parse_versions(given: list[str]) -> dict[str, str]:
    """Read ``torch=2.13`` and the like.

    Raises:
        Refused: not of this form, or no version.
    """
    versions = {}
    for text in given:
        name, _, version = text.replace("==", "=").partition("=")
        try:
            Version(version)
        except InvalidVersion:
            raise Refused(
                f"lint: --framework-version {text!r} is no NAME=VERSION; write torch=2.13"
            ) from None
        versions[name.strip().lower()] = version
    return versions
