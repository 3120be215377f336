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


def holm_levels(p: ArrayLike, level: float = 0.05) -> np.ndarray:
    """Return the level at which Holm's method decides each hypothesis.

    Holm's method compares the smallest p-value with ``level / m``, the next one with ``level / (m - 1)`` and so on, up
    to the first one that is not rejected; all others are decided at the level of that one. A p-value is at most this
    level exactly if its adjusted p-value is at most ``level``.

    Args:
        p: [m] p-values.
        level: level of the family.

    Returns:
        [m] levels, in the same order.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = level / np.arange(len(values), 0, -1)
    kept = values[order] > steps
    if kept.any():
        steps[kept.argmax() :] = steps[kept.argmax()]
    levels = np.empty_like(values)
    levels[order] = steps
    return levels
