"""Tests of whether the mean over replicates is between two bounds; every claim is reduced to such tests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_lab.report.comparison import LEVEL, difference_interval
from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval, mean_interval
from dropout_lab.stats.paired import holm, sign_flip


@dataclass(frozen=True)
class BoundTest:
    """Values whose mean, according to a claim, is strictly between two bounds.

    Args:
        about: description of the values, such as ``A - B``.
        values: [n], one value per replicate.
        low, high: bounds of the claim; infinite on an open side.
        scale: ``log`` if the values are logarithms, for example of ratios.
        only_against: whether the test can only contradict the claim and not support it.
        bounds: smallest and largest possible value.
        paired: whether the values are paired differences; otherwise they are scores.
    """

    about: str
    values: Sequence[float] | np.ndarray
    low: float = -math.inf
    high: float = math.inf
    scale: str = ""
    only_against: bool = False
    bounds: Bounds = UNBOUNDED
    paired: bool = True

    @cached_property
    def interval(self) -> Interval:
        """Mean with its 95 % interval, in the unit of the metric; the mean of ratios is the geometric mean.

        Scores have the same interval as in the tables, differences have that of
        :func:`dropout_lab.report.comparison.difference_interval`.
        """
        values = list(self.values)
        if not self.paired:
            return mean_interval(values, bounds=self.bounds)
        found = difference_interval(values).within(self.bounds)
        if self.scale != "log":
            return found
        mean, low, high, n, few = found
        return Interval(math.exp(mean), math.exp(low), math.exp(high), n, tuple(map(math.exp, few)))

    @cached_property
    def p_for(self) -> float:
        """One-sided p-value of the null hypothesis that the mean is not between the bounds.

        With two bounds, it is the larger p-value of two one-sided tests (TOST; Schuirmann 1987).
        """
        sides = [_beyond(self.values, self.low, 1)] if self.low > -math.inf else []
        sides += [_beyond(self.values, self.high, -1)] if self.high < math.inf else []
        return max(sides)

    @property
    def inside(self) -> float:
        """Distance of the mean from the nearer bound; negative if the mean is outside the bounds."""
        mean = float(np.mean(self.values))
        return min(mean - self.low, self.high - mean)

    @cached_property
    def p_against(self) -> float:
        """One-sided p-value of the null hypothesis that the mean is between the bounds."""
        sides = [_beyond(self.values, self.low, -1)] if self.low > -math.inf else []
        sides += [_beyond(self.values, self.high, 1)] if self.high < math.inf else []
        return min(sides)


def _beyond(values: Sequence[float] | np.ndarray, bound: float, side: int) -> float:
    """Return the one-sided p-value of the sign-flip test of a bound.

    Args:
        values: [n], one value per replicate.
        bound: the bound.
        side: 1 for the alternative that the mean is above the bound, -1 that it is below.
    """
    moved = side * (np.asarray(values, dtype=float) - bound)
    both = float(sign_flip(moved))
    return both / 2 if moved.mean() > 0 else 1 - both / 2


@dataclass(frozen=True)
class JointTest:
    """Joint result of several tests for a claim that requires all of them.

    Args:
        p: two-sided p-value of the answer, for or against the claim.
        positive: whether the answer is for the claim.
        contrast: the deciding test.
    """

    p: float
    positive: bool
    contrast: BoundTest


def intersection_union(contrasts: Sequence[BoundTest]) -> JointTest | None:
    """Combine the tests of a claim that requires all of them to hold.

    Support for the claim is decided by the weakest test; this is an intersection-union test, which needs no correction
    (Berger 1982). Evidence against the claim is decided by the strongest test against it, corrected with Holm's method
    over all tests. The answer is against the claim if this evidence is significant, or stronger than the support.

    Returns:
        The joint result; None if a test has fewer than two replicates.
    """
    bearing = [c for c in contrasts if not c.only_against]
    if not bearing or any(len(c.values) < 2 for c in contrasts):
        return None
    weakest = max(bearing, key=lambda c: (c.p_for, -c.inside))
    against = holm([c.p_against for c in contrasts]).tolist()
    worst = min(range(len(contrasts)), key=lambda i: (against[i], contrasts[i].inside))
    if against[worst] < weakest.p_for or 2 * against[worst] <= LEVEL:
        return JointTest(min(1.0, 2 * against[worst]), False, contrasts[worst])
    return JointTest(min(1.0, 2 * weakest.p_for), True, weakest)
