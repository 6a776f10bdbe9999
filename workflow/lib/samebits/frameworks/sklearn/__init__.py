"""scikit-learn."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="scikit-learn", module="sklearn", steps="one", environment="sklearn")
