"""The options of each framework's adapter, typed: what a user may write below ``options``."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """An adapter without options."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
        [], description="arguments of the script, with {data}, {output}, {seed} and {threads} filled in"
    )
    outputs: list[str] = Field(min_length=1, description="files that it writes below {output}; compared")


_TYPES: dict[str, type[Options]] = {"pytorch": Pytorch, "command": Command}


def of(framework: str) -> type[Options]:
    """Return the type of a framework's options."""
    return _TYPES.get(framework, Options)


def resolve(framework: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return checked options with every default filled in, as the spec holds them."""
    return of(framework).model_validate(options).model_dump()
