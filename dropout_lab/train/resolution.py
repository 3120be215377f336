"""Detection of columns of user data that lose information in single precision."""

from functools import lru_cache

import numpy as np

from dropout_lab.data import Dataset
from dropout_lab.train.normalization import fit_centre

COARSE = 0.01  # largest acceptable rounding error as a fraction of the spread
SMALLEST = float(np.finfo(np.float32).tiny)  # subnormal numbers have fewer digits


@lru_cache(maxsize=16)
def unresolved_column(dataset: Dataset, normalise: str, target: str) -> str:
    """Return the first float64 column that single precision rounds too coarsely; an empty string if there is none.

    The criterion compares the median rounding error with the interquartile range, which is robust to outliers.

    Args:
        dataset: the whole dataset.
        normalise: as for :func:`dropout_lab.train.normalization.fit_scale`.
        target: name of the target.
    """
    centre = fit_centre(dataset, normalise)
    if dataset.x.dtype == np.float64:
        x = (dataset.x - centre.x).reshape(len(dataset.x), -1)
        for i in range(x.shape[1]):
            if _is_coarse(x[:, i]):
                return f"column {dataset.columns[i]!r}" if dataset.columns else f"feature {i}"
    if dataset.y.dtype == np.float64 and dataset.y.ndim == 1 and _is_coarse(dataset.y - centre.y):
        return f"target {target!r}" if target else "the target"
    return ""


def _is_coarse(values: np.ndarray) -> bool:
    """Return whether values [N], which may include NaN, lose their differences in single precision."""
    values = values[~np.isnan(values)]
    if len(values) == 0 or np.ptp(values) == 0:
        return False
    low, high = np.quantile(values, [0.25, 0.75])
    spread = high - low if high > low else np.std(values)
    error = np.median(np.abs(values - values.astype(np.float32)))
    return bool(spread < SMALLEST or error > COARSE * spread)
