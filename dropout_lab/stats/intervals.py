"""Means with their uncertainty over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri, stdtrit

RESAMPLES = 9999
LEAST = 3  # values; two of them say next to nothing about their spread
SAME = 1e-12  # values that differ by less than this part of the largest differ by rounding
Bounds = tuple[float, float]
UNBOUNDED = (-math.inf, math.inf)


class Interval(NamedTuple):
    """A mean with its two-sided interval.

    Args:
        mean: of the values.
        low, high: bounds; nan where there is no interval: for fewer than :data:`LEAST` values, and for equal ones.
        n: number of values.
        values: the values themselves where they are too few for an interval, else empty.
    """

    mean: float
    low: float
    high: float
    n: int
    values: tuple[float, ...] = ()

    @property
    def columns(self) -> dict[str, float]:
        """Mean, low, high and n, as the files have them."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n}

    def within(self, bounds: Bounds) -> "Interval":
        """The part of the interval that lies within bounds. It covers whatever the whole interval covers."""
        return self._replace(low=_clip(self.low, bounds), high=_clip(self.high, bounds))


def mean_interval(values: Sequence[float], level: float = 0.95, bounds: Bounds = UNBOUNDED) -> Interval:
    """Student's t interval for the mean of independent values, one per seed, within the bounds of their scale.

    For values in [a, b] the interval is computed for the logit of the mean m, log((m - a) / (b - m)), whose standard
    error is that of the mean times the derivative of the logit at m (delta method), and transformed back. For values in
    [a, inf) it is computed for log(m - a) in the same way. Far from a bound it is the ordinary t interval.

    Coverage of the 95 % interval in 40,000 simulated samples each, and of the plain t interval, of those samples that
    have an interval (``tests/stats/test_coverage.py`` repeats it):

    ========================================  =======  =======  =======  =======
    accuracies (this interval / plain t, %)   n = 3    n = 5    n = 10   n = 20
    ========================================  =======  =======  =======  =======
    normal, mean 0.5, SD 0.03                 95 / 95  95 / 95  95 / 95  95 / 95
    binomial, mean 0.98, 360 examples         97 / 96  95 / 95  95 / 95  95 / 95
    binomial, mean 0.998, 360 (ties at 1)     >99 / >99  97 / 99  97 / 94  96 / 94
    binomial, mean 0.99, 36 (ties at 1)       98 / >99  96 / >99  98 / 90  97 / 93
    beta, mean 0.95, long tail to 0           94 / 85  92 / 85  93 / 89  93 / 91
    ========================================  =======  =======  =======  =======

    With three seeds near a bound it is wide: 1, 1 and 35/36 have [0.58, 0.9999]. An interval on the arcsine scale would
    be [0.91, 1] there, and covers 89 % instead of 94 % in the last line.

    No interval made from few seeds covers rare collapses: where one network in ten falls from 0.96 to 0.6, it covers
    28 % at n = 3 and 87 % at n = 20.

    Equal values have no interval: their spread is below what the values can resolve, which is not certainty.

    Args:
        values: [n], n >= 1, all finite.
        level: coverage for normally distributed values.
        bounds: the least and the greatest value that the scale has; infinite on an open side. Values beyond them have
            the plain t interval.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    data = _finite(values)
    if data.min() < bounds[0] or data.max() > bounds[1]:
        bounds = UNBOUNDED  # rounding may give a mutual information of -1e-9
    mean, n = float(data.mean()), data.size
    if n < LEAST or _equal(data):
        return _without(data)
    half = float(stdtrit(n - 1, (1 + level) / 2) * data.std(ddof=1) / math.sqrt(n))
    return Interval(mean, *_bounded(mean, half, bounds), n)


def _bounded(mean: float, half: float, bounds: Bounds) -> tuple[float, float]:
    """The ends of an interval whose half width around the mean is ``half`` on the scale of the mean itself."""
    a, b = bounds
    if math.isinf(a) and math.isinf(b):
        return mean - half, mean + half
    if math.isinf(b):
        away = math.exp(half / (mean - a))
        return a + (mean - a) / away, a + (mean - a) * away
    if math.isinf(a):
        low, high = _bounded(-mean, half, (-b, math.inf))
        return -high, -low
    place = (mean - a) / (b - a)
    shift = half / (b - a) / (place * (1 - place))
    return a + (b - a) * float(expit(logit(place) - shift)), a + (b - a) * float(expit(logit(place) + shift))


def _equal(data: np.ndarray) -> bool:
    return bool(np.ptp(data) <= SAME * np.abs(data).max())


def _without(data: np.ndarray) -> Interval:
    """The mean of values that have no interval."""
    few = tuple(data.tolist()) if data.size < LEAST else ()
    return Interval(float(data.mean()), math.nan, math.nan, data.size, few)


def _clip(value: float, bounds: Bounds) -> float:
    return value if math.isnan(value) else min(max(value, bounds[0]), bounds[1])


def bootstrap_interval(values: Sequence[float], level: float = 0.95, seed: int = 0) -> Interval:
    """The bias-corrected and accelerated (BCa) bootstrap interval of a mean (Efron 1987, JASA 82, section 2).

    The same values and seed give the same interval. With few values it is too narrow: from five normal ones it covers
    their mean in about 83 % of cases, from ten in 90 %, from twenty in 93 %. Fewer than :data:`LEAST` and equal values
    have no interval.

    Args:
        values: [n], n >= 1, all finite.
        level: coverage in the limit of many values.
        seed: of the resamples.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    data = _finite(values)
    mean, n = float(data.mean()), data.size
    if n < LEAST or _equal(data):
        return _without(data)
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
