"""PyTorch: a recipe is a LightningModule, unmodified, or an nn.Module in the shape of one.

What a recipe may have is described in config/README.md; what is pinned, and how it is proven, in
docs/determinism.md. One idea a file: ``adapter`` is what the engine sees, ``replica`` one rank's training,
``ranks`` how several of them act together, ``batches`` where their data comes from.
"""

from samebits.frameworks.pytorch.adapter import Adapter

__all__ = ["Adapter"]
