"""TensorFlow, with Keras."""

from samebits.sealed.traits import Traits

TRAITS = Traits(
    title="TensorFlow",
    module="tensorflow",
    environment="tensorflow",
    refused_tiers={
        "portable": "its kernels use approximations (rsqrt, reciprocal) whose bits differ between processors "
        "(docs/determinism.md); set tier: deterministic"
    },
)
