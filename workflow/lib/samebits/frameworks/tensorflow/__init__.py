"""TensorFlow, with Keras."""

from samebits.frameworks.tensorflow.switches import NOT_PORTABLE
from samebits.sealed.traits import Traits

TRAITS = Traits(
    title="TensorFlow",
    modules=("tensorflow", "keras"),
    environment="tensorflow",
    refused_tiers={"portable": NOT_PORTABLE},
    packages_recipe=True,
)
