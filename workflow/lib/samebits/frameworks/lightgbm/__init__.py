"""LightGBM."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="LightGBM", module="lightgbm", environment="lightgbm")
