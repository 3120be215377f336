"""Tests of whether the mean over replicates is between two bounds; every claim is reduced to such tests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_lab.report.comparison import LEVEL
from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval
from dropout_lab.stats.mean_test import MeanTest
from dropout_lab.stats.paired import holm
from dropout_lab.stats.power import detectable_range


@dataclass(frozen=True)
class BoundTest:
    """Values whose mean, according to a claim, is strictly between two bounds.

    Args:
        about: description of the values, such as ``A - B``.
        values: [n], one value per replicate.
        low, high: bounds of the claim; infinite on an open side.
        scale: ``log`` if the values are logarithms, for example of ratios.
        bounds: smallest and largest possible value.
        overlap: see :class:`dropout_lab.stats.mean_test.MeanTest`.
        bound_error: standard error of the bounds if they are published estimates; 0 if they are exact.
    """

    about: str
    values: Sequence[float] | np.ndarray
    low: float = -math.inf
    high: float = math.inf
    scale: str = ""
    bounds: Bounds = UNBOUNDED
    overlap: float = 0.0
    bound_error: float = 0.0

    @cached_property
    def test(self) -> MeanTest:
        return MeanTest(np.asarray(self.values, dtype=float), self.overlap, self.bound_error)

    def interval(self, level: float = 0.95) -> Interval:
        """Return the mean with the interval of the test, in the unit of the metric; the mean of ratios is geometric."""
        interval = self.test.interval(level).within(self.bounds)
        if self.scale != "log":
            return interval
        mean, low, high, n, few = interval
        return Interval(math.exp(mean), math.exp(low), math.exp(high), n, tuple(map(math.exp, few)))

    @cached_property
    def p_for(self) -> float:
        """One-sided p-value of the null hypothesis that the mean is not between the bounds.

        With two bounds, it is the larger p-value of two one-sided tests (TOST; Schuirmann 1987).
        """
        return max(self._sides(1))

    @cached_property
    def p_against(self) -> float:
        """One-sided p-value of the null hypothesis that the mean is between the bounds."""
        return min(self._sides(-1))

    def _sides(self, inwards: int) -> list[float]:
        sides = [self.test.p_beyond(self.low, inwards)] if self.low > -math.inf else []
        return sides + ([self.test.p_beyond(self.high, -inwards)] if self.high < math.inf else [])

    @property
    def inside(self) -> float:
        """Distance of the mean from the nearer bound; negative if the mean is outside the bounds."""
        return min(self.test.mean - self.low, self.high - self.test.mean)

    @property
    def smallest_p(self) -> float:
        """Smallest two-sided p-value that so many values can give; values equal to a bound do not count."""
        return max(self.test.smallest_p(bound) for bound in (self.low, self.high) if math.isfinite(bound))

    def detectable(self, level: float) -> tuple[float, float]:
        """Return the range of the smallest distance from a bound that is detected with a probability of 0.8.

        The distance of a ratio is a factor.
        """
        low, high = detectable_range(self.test.deviation, self.test.values.size, level)
        return (math.exp(low), math.exp(high)) if self.scale == "log" else (low, high)

    def smallest_margin(self, level: float) -> float:
        """Return the smallest margin around "no difference" that the mean is shown to keep; nan without an interval.

        For a ratio, the margin is a factor above 1.
        """
        interval = self.test.interval(level)
        margin = max(abs(interval.low), abs(interval.high))
        return math.exp(margin) if self.scale == "log" else margin


@dataclass(frozen=True)
class JointTest:
    """Joint result of several tests for a claim that requires all of them.

    Args:
        p: two-sided p-value of the answer, for or against the claim.
        positive: whether the answer is for the claim.
        contrast: the deciding test.
        tests: number of tests over which the evidence was corrected; 1 for an answer for the claim.
    """

    p: float
    positive: bool
    contrast: BoundTest
    tests: int = 1


def intersection_union(contrasts: Sequence[BoundTest]) -> JointTest | None:
    """Combine the tests of a claim that requires all of them to hold.

    Support for the claim is decided by the weakest test; this is an intersection-union test, which needs no correction
    (Berger 1982). Evidence against the claim is decided by the strongest test against it, corrected with Holm's method
    over all tests. The answer is against the claim if this evidence is significant, or stronger than the support.

    Returns:
        The joint result; None if a test has fewer than two replicates.
    """
    if not contrasts or any(len(c.values) < 2 for c in contrasts):
        return None
    weakest = max(contrasts, key=lambda c: (c.p_for, -c.inside))
    against = holm([c.p_against for c in contrasts]).tolist()
    worst = min(range(len(contrasts)), key=lambda i: (against[i], contrasts[i].inside))
    if against[worst] < weakest.p_for or 2 * against[worst] <= LEVEL:
        return JointTest(min(1.0, 2 * against[worst]), False, contrasts[worst], len(contrasts))
    return JointTest(min(1.0, 2 * weakest.p_for), True, weakest)
