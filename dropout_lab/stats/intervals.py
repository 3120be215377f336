"""Means with their uncertainty over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

RESAMPLES = 9999


class Interval(NamedTuple):
    """A mean with its two-sided interval; the bounds are nan for a single value."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Student's t interval for the mean of independent values (one a seed).

    Args:
        values: [n], n >= 1, all finite.
        level: coverage for normally distributed values.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    data = _finite(values)
    mean, n = float(data.mean()), data.size
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = float(stdtrit(n - 1, (1 + level) / 2) * data.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def bootstrap_interval(values: Sequence[float], level: float = 0.95, seed: int = 0) -> Interval:
    """The bias-corrected and accelerated (BCa) bootstrap interval of a mean (Efron 1987, JASA 82, section 2).

    The same values and seed give the same interval. With few values it is too narrow: from five normal ones it covers
    their mean in about 83 % of cases, from ten in 90 %, from twenty in 93 %.

    Args:
        values: [n], n >= 1, all finite.
        level: coverage in the limit of many values.
        seed: of the resamples.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    data = _finite(values)
    mean, n = float(data.mean()), data.size
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    if np.ptp(data) <= 1e-12 * np.abs(data).max():
        return Interval(mean, mean, mean, n)
    means = data[np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))].mean(1)
    # How far the mean is from the median of its resamples, ties counted half.
    bias = ndtri((np.mean(means < mean) + np.mean(means <= mean)) / 2)
    without = mean - (data.sum() - data) / (n - 1)
    acceleration = (without**3).sum() / (6 * (without**2).sum() ** 1.5)
    tail = bias + ndtri([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(means, ndtr(bias + tail / (1 - acceleration * tail)))
    return Interval(mean, float(low), float(high), n)


def _finite(values: Sequence[float]) -> np.ndarray:
    data = np.asarray(values, dtype=float)
    if data.size == 0 or not np.isfinite(data).all():
        raise ValueError("an interval needs at least one value, all of them finite")
    return data
