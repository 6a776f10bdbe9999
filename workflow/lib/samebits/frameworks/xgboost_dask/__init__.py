"""XGBoost on a Dask cluster; its rules of training and its models are those of XGBoost."""

from samebits.sealed.traits import Traits

TRAITS = Traits(
    title="XGBoost on Dask",
    environment="xgboost-dask",
    processes="workers",
    shares=("xgboost/*.py",),
    predictor="xgboost",
)
