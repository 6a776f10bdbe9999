"""XGBoost, in one process."""

from samebits.sealed.traits import Traits

TRAITS = Traits(title="XGBoost", module="xgboost", environment="xgboost")
