"""Confidence intervals of means over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtrit

LEAST = 3  # minimum number of values for an interval, because two values say next to nothing about their spread
SAME = 1e-12  # relative difference up to which values are equal except for rounding
Bounds = tuple[float, float]
UNBOUNDED = (-math.inf, math.inf)


class Interval(NamedTuple):
    """Mean with its two-sided confidence interval.

    Args:
        mean: mean of the values.
        low, high: ends of the interval; nan if there is no interval, that is, for fewer than :data:`LEAST` values and
            for equal values.
        n: number of values.
        values: the values themselves if there are too few for an interval, else empty.
    """

    mean: float
    low: float
    high: float
    n: int
    values: tuple[float, ...] = ()

    @property
    def columns(self) -> dict[str, float]:
        """Mean, low, high and n under their column names in the CSV files."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n}

    def within(self, bounds: Bounds) -> "Interval":
        """Return the interval clipped to the possible values. Clipping does not change the coverage."""
        return self._replace(low=_clip(self.low, bounds), high=_clip(self.high, bounds))


def mean_interval(
    values: Sequence[float], level: float = 0.95, bounds: Bounds = UNBOUNDED, overlap: float = 0.0
) -> Interval:
    """Return Student's t interval of the mean of independent values, one per seed, within the bounds of their scale.

    For values in [a, b], the interval is computed for the logit of the mean m, log((m - a) / (b - m)), and transformed
    back. The standard error of the logit is that of the mean times the derivative of the logit at m (delta method). For
    values in [a, inf), the interval is computed for log(m - a) in the same way. Far from a bound, it equals the
    ordinary t interval.

    The table shows the coverage of this 95 % interval and of the plain t interval. Each entry comes from the samples
    with an interval among 40,000 simulated samples (reproduced by ``tests/stats/test_coverage.py``):

    ========================================  =======  =======  =======  =======
    accuracies (this interval / plain t, %)   n = 3    n = 5    n = 10   n = 20
    ========================================  =======  =======  =======  =======
    normal, mean 0.5, SD 0.03                 95 / 95  95 / 95  95 / 95  95 / 95
    binomial, mean 0.98, 360 examples         97 / 96  95 / 95  95 / 95  95 / 95
    binomial, mean 0.998, 360 (ties at 1)     >99 / >99  97 / 99  97 / 94  96 / 94
    binomial, mean 0.99, 36 (ties at 1)       98 / >99  96 / >99  98 / 90  97 / 93
    beta, mean 0.95, long tail to 0           94 / 85  92 / 85  93 / 89  93 / 91
    ========================================  =======  =======  =======  =======

    With three seeds near a bound, the interval is wide: the values 1, 1 and 35/36 give [0.58, 0.9999].

    No interval from few seeds covers rare failures: if one network in ten drops from 0.96 to 0.6, the coverage is 28 %
    at n = 3 and 87 % at n = 20.

    Equal values have no interval, because equality only shows that the spread is below the resolution of the values,
    not that it is 0.

    Args:
        values: [n], n >= 1, all finite.
        level: coverage for normally distributed values.
        bounds: smallest and largest possible value; infinite on an open side. If a value is outside the bounds, the
            plain t interval is returned.
        overlap: see :class:`dropout_lab.stats.mean_test.MeanTest`.

    Raises:
        ValueError: there are no values, or a value is not finite.
    """
    data = _finite(values)
    if data.min() < bounds[0] or data.max() > bounds[1]:
        bounds = UNBOUNDED  # rounding can give a mutual information of -1e-9
    mean, n = float(data.mean()), data.size
    if n < LEAST or equal_values(data):
        return _without(data)
    half = float(stdtrit(n - 1, (1 + level) / 2) * data.std(ddof=1) * math.sqrt(1 / n + overlap))
    return Interval(mean, *_bounded(mean, half, bounds), n)


def _bounded(mean: float, half: float, bounds: Bounds) -> tuple[float, float]:
    """Return the ends of the interval on the transformed scale.

    Args:
        mean: mean of the values.
        half: half width of the plain t interval around the mean.
        bounds: bounds of the values.
    """
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


def equal_values(data: np.ndarray) -> bool:
    """Return whether all values are equal except for rounding."""
    return bool(np.ptp(data) <= SAME * np.abs(data).max())


def _without(data: np.ndarray) -> Interval:
    """Return the mean of values that have no interval."""
    few = tuple(data.tolist()) if data.size < LEAST else ()
    return Interval(float(data.mean()), math.nan, math.nan, data.size, few)


def _clip(value: float, bounds: Bounds) -> float:
    return value if math.isnan(value) else min(max(value, bounds[0]), bounds[1])


def _finite(values: Sequence[float]) -> np.ndarray:
    data = np.asarray(values, dtype=float)
    if data.size == 0 or not np.isfinite(data).all():
        raise ValueError("an interval needs at least one value, all of them finite")
    return data
