"""One number a replicate, and where its mean should lie: what every claim comes down to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_lab.report.comparison import LEVEL, difference_interval
from dropout_lab.stats.holm import holm
from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval, mean_interval
from dropout_lab.stats.paired import sign_flip


@dataclass(frozen=True)
class BoundTest:
    """Numbers whose mean a claim places strictly between two bounds.

    Args:
        about: what the numbers are, in words.
        values: [n], one a replicate.
        low, high: the bounds; infinite on an open side.
        scale: ``log`` if the numbers are logarithms, as of ratios.
        only_against: whether it can refute the claim and not bear it out.
        bounds: the least and the greatest number that there can be.
        paired: whether the numbers are differences in pairs, and no scores.
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
        """The mean with its 95 % interval, in the unit of the metric; ratios are geometric means.

        A score has the interval that the tables print; a difference that of paired differences.
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
        """One-sided p-value of the hypothesis that the mean is not between the bounds: with two of them, of two
        one-sided tests (TOST; Schuirmann 1987) the larger."""
        sides = [_beyond(self.values, self.low, 1)] if self.low > -math.inf else []
        sides += [_beyond(self.values, self.high, -1)] if self.high < math.inf else []
        return max(sides)

    @property
    def inside(self) -> float:
        """How far the mean is from the nearer bound; negative beyond it."""
        mean = float(np.mean(self.values))
        return min(mean - self.low, self.high - mean)

    @cached_property
    def p_against(self) -> float:
        """One-sided p-value of the hypothesis that the mean is between the bounds."""
        sides = [_beyond(self.values, self.low, -1)] if self.low > -math.inf else []
        sides += [_beyond(self.values, self.high, 1)] if self.high < math.inf else []
        return min(sides)


def _beyond(values: Sequence[float] | np.ndarray, bound: float, side: int) -> float:
    """One-sided p of the sign-flip test about a bound: how easily the mean would lie so far beyond it by chance."""
    moved = side * (np.asarray(values, dtype=float) - bound)
    both = float(sign_flip(moved))
    return both / 2 if moved.mean() > 0 else 1 - both / 2


@dataclass(frozen=True)
class JointTest:
    """What several contrasts say together about a claim that needs all of them.

    Args:
        p: two-sided: of whichever answer is nearer.
        positive: whether that is that the claim holds.
        contrast: the one that decides.
    """

    p: float
    positive: bool
    contrast: BoundTest


def intersection_union(contrasts: Sequence[BoundTest]) -> JointTest | None:
    """All must hold, so the weakest decides that they do (an intersection-union test needs no correction; Berger 1982);
    one that does not is enough against them, corrected for how many there are, and then it is this one that counts.
    None without two replicates."""
    bearing = [c for c in contrasts if not c.only_against]
    if not bearing or any(len(c.values) < 2 for c in contrasts):
        return None
    weakest = max(bearing, key=lambda c: (c.p_for, -c.inside))
    against = holm([c.p_against for c in contrasts]).tolist()
    worst = min(range(len(contrasts)), key=lambda i: (against[i], contrasts[i].inside))
    if against[worst] < weakest.p_for or 2 * against[worst] <= LEVEL:
        return JointTest(min(1.0, 2 * against[worst]), False, contrasts[worst])
    return JointTest(min(1.0, 2 * weakest.p_for), True, weakest)
