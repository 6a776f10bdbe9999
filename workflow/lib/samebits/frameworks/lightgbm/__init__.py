"""LightGBM."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="LightGBM", modules=("lightgbm",), environment="lightgbm")
