"""A script of the user's own, in any language."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from samebits.sealed import traits
from samebits.sealed.traits import Traits


def _inside(outputs: list[str]) -> list[str]:
    for output in outputs:
        path = PurePosixPath(output)
        if path.is_absolute() or ".." in path.parts or str(path) in ("", ".") or ":" in output:
            raise ValueError(
                f"the output {output!r} is no file below the script's working folder; "
                "write its path from there"
            )
    return outputs


@dataclass(frozen=True)
class Options(traits.Options):
    """How a script is called, and what it writes."""

    arguments: list[str] = field(
        default_factory=list,
        metadata={
            "description": "arguments of the script; {data}, {output}, {seed}, {threads}, {device} and the "
            "names of params are filled in"
        },
    )
    outputs: list[str] = field(
        default_factory=list,
        metadata={"check": _inside, "description": "files that it writes; their content is compared"},
    )
    as_bytes: list[str] = field(
        default_factory=list,
        metadata={"check": _inside, "description": "files that it writes; compared byte by byte"},
    )

    def __post_init__(self) -> None:
        """Refuse options that name no output, or one twice."""
        named = [*self.outputs, *self.as_bytes]
        if len(named) != len(set(named)) or not named:
            raise ValueError("name the files that the script writes, each once: outputs: [model.npz]")

    def problems(self, params: Iterable[str]) -> list[str]:
        """List what in the arguments is filled in from nowhere."""
        placeholders = ["data", "output", "seed", "threads", "device", *params]
        filled = [word for argument in self.arguments for word in re.findall(r"\{(\w[\w-]*)\}", argument)]
        return [
            f"arguments: {{{word}}} is none of {', '.join(placeholders)}; correct it, or add it to params"
            for word in dict.fromkeys(filled)
            if word not in placeholders
        ]


TRAITS = Traits(
    title="a script",
    environment=None,
    steps="one",
    recipe="script",
    options=Options,
    shares=("*/switches.py",),  # a script may import any of them
    packages_recipe=True,
)
