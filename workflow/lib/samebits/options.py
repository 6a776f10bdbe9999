"""The options of each framework's adapter, typed: what a user may write below ``options``."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Options(BaseModel):
    """An adapter without options."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def problems(self, params: Iterable[str]) -> list[str]:
        """List what in the options does not fit the params."""
        return []


class Pytorch(Options):
    """PyTorch."""

    precision: Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"] = Field(
        "32-true", description="numbers that the forward pass computes with, as Lightning Fabric names them"
    )
    accumulate_grad_batches: int = Field(1, ge=1, description="batches whose gradients make one step")
    gradient_clip_val: float | None = Field(
        None, gt=0, description="clip gradients to this norm, or to this value"
    )
    gradient_clip_algorithm: Literal["norm", "value"] = Field(
        "norm", description="what is clipped: the norm of all gradients, or each value"
    )


class Command(Options):
    """A script of the user's own."""

    arguments: list[str] = Field(
        [],
        description="arguments of the script; {data}, {output}, {seed}, {threads}, {device} and the names of "
        "params are filled in",
    )
    outputs: list[str] = Field([], description="files that it writes; their content is compared")
    as_bytes: list[str] = Field([], description="files that it writes; compared byte by byte")

    @field_validator("outputs", "as_bytes")
    @classmethod
    def _inside(cls, outputs: list[str]) -> list[str]:
        for output in outputs:
            path = PurePosixPath(output)
            if path.is_absolute() or ".." in path.parts or str(path) in ("", ".") or ":" in output:
                raise ValueError(
                    f"the output {output!r} is no file below the script's working folder; "
                    "write its path from there"
                )
        return outputs

    @model_validator(mode="after")
    def _some(self) -> "Command":
        named = [*self.outputs, *self.as_bytes]
        if len(named) != len(set(named)) or not named:
            raise ValueError("name the files that the script writes, each once: outputs: [model.npz]")
        return self

    def problems(self, params: Iterable[str]) -> list[str]:
        """List what in the options does not fit the params."""
        known = ["data", "output", "seed", "threads", "device", *params]
        found = [word for argument in self.arguments for word in re.findall(r"\{(\w[\w-]*)\}", argument)]
        return [
            f"arguments: {{{word}}} is none of {', '.join(known)}; correct it, or add it to params"
            for word in dict.fromkeys(found)
            if word not in known
        ]


_TYPES: dict[str, type[Options]] = {"pytorch": Pytorch, "command": Command}


def of(framework: str) -> type[Options]:
    """Return the type of a framework's options."""
    return _TYPES.get(framework, Options)


def resolve(framework: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return checked options with every default filled in, as the spec holds them."""
    return of(framework).model_validate(options).model_dump()
