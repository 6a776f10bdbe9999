"""XGBoost, in one process."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="XGBoost", modules=("xgboost",), environment="xgboost")
