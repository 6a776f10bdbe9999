"""PyTorch: a recipe is a LightningModule, unmodified, or an nn.Module in the shape of one.

What a recipe may have is described in config/README.md; what is pinned, and how it is proven, in
docs/determinism.md. One idea a file: ``adapter`` is what the engine sees, ``replica`` one rank's training,
``ranks`` how several of them act together, ``batches`` where their data comes from.
"""

from dataclasses import dataclass, field
from typing import Literal

from samebits.sealed import traits
from samebits.sealed.traits import Traits


@dataclass(frozen=True)
class Options(traits.Options):
    """What a user may set of the training loop."""

    precision: Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true"] = field(
        default="32-true",
        metadata={
            "description": "numbers that the forward pass computes with, as Lightning Fabric names them"
        },
    )
    accumulate_grad_batches: int = field(
        default=1, metadata={"ge": 1, "description": "batches whose gradients make one step"}
    )
    gradient_clip_val: float | None = field(
        default=None, metadata={"gt": 0, "description": "clip gradients to this norm, or to this value"}
    )
    gradient_clip_algorithm: Literal["norm", "value"] = field(
        default="norm",
        metadata={"description": "what is clipped: the norm of all gradients, or each value"},
    )


TRAITS = Traits(
    title="PyTorch",
    modules=("torch",),
    environment="pytorch",
    processes="ranks",
    options=Options,
    packages_recipe=True,
)
