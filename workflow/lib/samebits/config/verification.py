"""How sameness is proven: the key ``verify`` of a model."""

from typing import Literal

from pydantic import Field, model_validator

from samebits.section import Section


class Verify(Section):
    """How it is proven that training again gives the same bits."""

    mode: Literal["rerun", "replay"] = Field(
        "rerun", description="train again in full, or one run's segments, each from its checkpoint"
    )
    sample: float = Field(1.0, gt=0, le=1, description="share of the segments that are replayed")
    segments: int | None = Field(None, ge=1, description="the model's segments, where they matter")

    @model_validator(mode="after")
    def _drawn_from_replays(self) -> "Verify":
        if self.mode == "rerun" and self.sample != 1:
            raise ValueError("a sample is drawn of what is replayed; add mode: replay, or take it out")
        return self
