"""scikit-learn."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="scikit-learn", modules=("sklearn", "skops"), steps="one", environment="sklearn")
