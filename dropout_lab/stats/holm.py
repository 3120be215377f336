"""Several tests at once."""

import numpy as np
from numpy.typing import ArrayLike


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's adjusted p-values: those at or below a level are all true but with at most that probability, whatever
    the dependence between the tests (Holm 1979, Scandinavian Journal of Statistics 6).

    Args:
        p: [m] p-values.

    Returns:
        [m] adjusted ones, in the same order.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
