"""What a DMatrix holds."""

import numpy as np
import xgboost
from numpy.typing import NDArray

from samebits.sealed.digest import Tensor, tensor


def contents(matrix: xgboost.DMatrix) -> dict[str, Tensor]:
    """Return what a DMatrix holds, in its order of rows: the matrix in CSR form and all that goes with it."""
    data = matrix.get_data()
    parts = {"indptr": data.indptr, "indices": data.indices, "data": data.data}
    for name in ("label", "weight", "base_margin", "label_lower_bound", "label_upper_bound"):
        parts[name] = matrix.get_float_info(name)
    parts["feature_weights"] = matrix.get_float_info("feature_weights")
    parts["group"] = matrix.get_uint_info("group_ptr")
    parts["feature_types"] = np.frombuffer(",".join(matrix.feature_types or []).encode(), np.uint8)
    return {name: tensor(np.asarray(part)) for name, part in parts.items()}


def dense(matrix: xgboost.DMatrix) -> NDArray[np.float32]:
    """Return the rows of a DMatrix, with NaN where a value is missing."""
    data = matrix.get_data()
    rows = np.full(data.shape, np.nan, np.float32)
    rows[np.repeat(np.arange(data.shape[0]), np.diff(data.indptr)), data.indices] = data.data
    return rows
