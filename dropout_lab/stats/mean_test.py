"""Test of the mean of a few values against a bound, with the interval that inverts the same test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from dropout_lab.stats.intervals import LEAST, Interval, equal_values
from dropout_lab.stats.paired import flip_patterns, sign_flip, smallest_p

# The skewness of a few values underestimates that of their distribution. The factor was chosen by simulation, so that
# the size stays below 5 % for exponential values; scripts/simulate_tests prints the sizes.
SKEWNESS_FACTOR = 1.25


@dataclass(frozen=True, eq=False)
class MeanTest:
    """Test of the mean of n values against bounds; two tests must both reject.

    The first is the sign-flip test. It is exact if the values are symmetric about the bound, but it is too liberal for
    skewed values. The second is Student's t test with Hall's correction for skewness (Hall 1992, JRSS B 54). It needs
    no symmetry, but with few values of a coarse scale it depends on a poor estimate of the spread. The p-value is the
    larger one of the two, and the interval contains every bound that is not rejected.

    Two known sources of variation widen the values about their mean before both tests. Replicates whose test sets come
    from the same data share examples; the variance of their mean is ``1 / n + overlap`` times that of one value
    (Nadeau and Bengio 2003, Machine Learning 52). A bound that is itself an estimate has a standard error.

    Args:
        values: [n], n >= 1, all finite; one value per replicate.
        overlap: number of test examples divided by the number of training examples if the replicates are different
            splits of the same data; 0 for independent replicates.
        bound_error: standard error of the bounds.
    """

    values: np.ndarray
    overlap: float = 0.0
    bound_error: float = 0.0

    @cached_property
    def mean(self) -> float:
        return float(self.values.mean())

    @cached_property
    def standard_error(self) -> float:
        """Standard error of the difference between the mean and a bound; nan for a single value."""
        n = self.values.size
        variance = self.values.var(ddof=1) if n > 1 else math.nan
        return math.sqrt(variance * (1 / n + self.overlap) + self.bound_error**2)

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of n independent values whose mean has the same standard error."""
        return self.standard_error * math.sqrt(self.values.size)

    @cached_property
    def widened(self) -> np.ndarray:
        """The values [n], spread out about their mean to the standard deviation :attr:`deviation`."""
        if self.overlap == self.bound_error == 0 or self.values.size < 2 or equal_values(self.values):
            return self.values
        widened: np.ndarray = self.mean + (self.values - self.mean) * (self.deviation / self.values.std(ddof=1))
        return widened

    @cached_property
    def _skewness(self) -> float:
        """Adjusted sample skewness times :data:`SKEWNESS_FACTOR`; 0 for fewer than three or for equal values."""
        data = self.values - self.mean
        n = data.size
        if n < LEAST or equal_values(self.values):
            return 0.0
        third = float((data**3).sum()) * n / ((n - 1) * (n - 2))
        return SKEWNESS_FACTOR * third / float(self.values.std(ddof=1)) ** 3

    def p_beyond(self, bound: float, side: int) -> float:
        """Return the one-sided p-value of the null hypothesis that the mean is not beyond a bound.

        Args:
            bound: the bound.
            side: 1 for the alternative that the mean is above the bound, -1 that it is below.
        """
        moved = side * (self.widened - bound)
        both = float(sign_flip(moved))
        flipped = both / 2 if moved.mean() > 0 else 1 - both / 2
        return max(flipped, self._p_studentised(bound, side))

    def _p_studentised(self, bound: float, side: int) -> float:
        distance, n = side * (self.mean - bound), self.values.size
        if n < 2 or self.deviation <= 0 or (equal_values(self.values) and self.bound_error == 0):
            return 0.0 if distance > 0 else 1.0  # the sign-flip test decides
        u, skewness = distance / self.deviation, side * self._skewness
        corrected = u + skewness * u**2 / 3 + skewness**2 * u**3 / 27 + skewness / (6 * n)
        return float(stdtr(n - 1, -corrected * math.sqrt(n)))

    def p(self, bound: float = 0.0) -> float:
        """Return the two-sided p-value of the null hypothesis that the mean equals a bound."""
        return self._two_sided(bound, float(sign_flip(self.widened - bound)))

    def _two_sided(self, bound: float, flipped: float) -> float:
        """Return the larger p-value of both tests, given the two-sided p-value of the sign-flip test."""
        if self.mean == bound:
            return 1.0
        return min(1.0, max(flipped, 2 * self._p_studentised(bound, 1 if self.mean > bound else -1)))

    def smallest_p(self, bound: float = 0.0) -> float:
        """Return the smallest two-sided p-value that this many values can give.

        Values that equal the bound contribute nothing and do not count.
        """
        tolerance = 1e-9 * max(1.0, float(np.abs(self.values).max()))
        return smallest_p(int((np.abs(self.values - bound) > tolerance).sum()))

    def interval(self, level: float = 0.95) -> Interval:
        """Return the mean with the interval of all bounds whose two-sided p-value is above ``1 - level``.

        With so few values that the sign-flip test cannot reach the level, the interval is that of the other test alone.
        Fewer than :data:`dropout_lab.stats.intervals.LEAST` values and equal values have no interval.
        """
        n = self.values.size
        if n < LEAST or (equal_values(self.values) and self.bound_error == 0):
            few = tuple(self.values.tolist()) if n < LEAST else ()
            return Interval(self.mean, math.nan, math.nan, n, few)
        tail = (1 - level) / 2
        ends = [self._studentised_end(tail, side) for side in (1, -1)]
        if smallest_p(n) <= 2 * tail and not equal_values(self.values):
            ends = [min(ends[0], self._flipped_end(tail, 1)), max(ends[1], self._flipped_end(tail, -1))]
        return Interval(self.mean, ends[0], ends[1], n)

    def _studentised_end(self, tail: float, side: int) -> float:
        """Return the bound on one side, 1 for the lower one, at which the studentised p-value equals ``tail``."""
        n, skewness = self.values.size, side * self._skewness
        corrected = -float(stdtrit(n - 1, tail)) / math.sqrt(n)
        if abs(skewness) < 1e-9:
            return self.mean - side * corrected * self.deviation
        cube = 1 + skewness * (corrected - skewness / (6 * n))
        return self.mean - side * self.deviation * 3 / skewness * (float(np.cbrt(cube)) - 1)

    def _flipped_end(self, tail: float, side: int) -> float:
        """Return the smallest bound (side 1) or the largest one (side -1) that the sign-flip test does not reject.

        A pattern reaches the observed sum exactly if the mean of the values whose sign it flips is not above the bound,
        so the end of the interval is an order statistic of the means of subsets (Hartigan 1969, JASA 64).
        """
        data = side * self.widened
        flipped, drawn = flip_patterns(data.size)
        count = flipped.sum(1)
        sums = flipped @ data
        others, total = data.size - count, float(data.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            means = np.concatenate([sums / count, (total - sums) / others])
        means[np.isnan(means)] = -np.inf  # no sign is flipped
        place = math.floor(tail * (len(means) + 2 * drawn) * (1 + 1e-12)) - drawn
        return side * float(np.partition(means, place)[place]) if place >= 0 else -side * math.inf


def two_sided_p(tests: Sequence[MeanTest]) -> list[float]:
    """Return the two-sided p-value of each test of a mean of 0; the sign-flip tests of equal size run together."""
    values = [1.0] * len(tests)
    for n in {test.values.size for test in tests}:
        places = [i for i, test in enumerate(tests) if test.values.size == n]
        flipped = sign_flip(np.stack([tests[i].widened for i in places])).tolist()
        for i, p in zip(places, flipped, strict=True):
            values[i] = tests[i]._two_sided(0.0, p)
    return values
