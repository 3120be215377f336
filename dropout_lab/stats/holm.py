"""Correction for multiple tests."""

import numpy as np
from numpy.typing import ArrayLike


def holm(p: ArrayLike) -> np.ndarray:
    """Return Holm's adjusted p-values (Holm 1979, Scandinavian Journal of Statistics 6).

    If every hypothesis whose adjusted p-value is at most ``level`` is rejected, the probability of one or more false
    rejections is at most ``level``, whatever the dependence between the tests.

    Args:
        p: [m] p-values.

    Returns:
        [m] adjusted p-values, in the same order.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
