"""Comparisons of arms with their baseline and with the best arm, paired by seed and corrected with Holm's method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval
from dropout_lab.stats.mean_test import MeanTest, two_sided_p
from dropout_lab.stats.paired import effect_size, holm, holm_levels, win_rate
from dropout_lab.stats.power import detectable_range, least_pairs

LEVEL = 0.05

Pair = tuple[str, str]
# Marks of an arm relative to the best arm.
BEST, ALIKE, TOO_FEW, BEHIND, UNKNOWN = "*", "=", "?", "", " "


@dataclass(frozen=True)
class ComparisonGroup:
    """Arms that can be compared because they use the same data.

    Args:
        values: maps each label to a mapping from trial seed to score.
        higher: whether a higher score is better.
        baseline: label of the arm that the others are compared with.
        same: maps each label to a key of the arm's trials; arms with equal keys have the same trials.
        barred: labels of arms that cannot be the best arm because too many of their trials diverged.
        bounds: smallest and largest possible difference of two scores.
        overlap: number of test examples divided by the number of training examples if the seeds are different splits
            of the same data; 0 otherwise.
    """

    values: Mapping[str, Mapping[int, float]]
    higher: bool
    baseline: str
    same: Mapping[str, object]
    barred: frozenset[str] = frozenset()
    bounds: Bounds = UNBOUNDED
    overlap: float = 0.0

    @cached_property
    def best(self) -> str | None:
        """Label of the arm with the best mean, without the barred arms; None if no arm has a value."""
        means = {label: float(np.mean(list(v.values()))) for label, v in self.values.items() if v}
        means = {label: mean for label, mean in means.items() if label not in self.barred}
        sign = 1 if self.higher else -1
        return max(means, key=lambda label: sign * means[label]) if means else None

    @cached_property
    def apart(self) -> dict[str, str]:
        """Mapping from each label to the first label with the same trials."""
        first: dict[object, str] = {}
        return {label: first.setdefault(self.same[label], label) for label in self.values}

    @property
    def different(self) -> list[str]:
        """One label for each distinct set of trials."""
        return list(dict.fromkeys(self.apart.values()))

    def differences(self, first: str, second: str) -> list[float]:
        """Return the score of the first arm minus that of the second, for the seeds that both arms have."""
        a, b = self.values[first], self.values[second]
        return [a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]


@dataclass(frozen=True)
class PairedDifference:
    """Comparison of two arms, paired by seed.

    Args:
        arm, other: labels of the two arms.
        test: test of the mean of the arm's score minus the other arm's score.
        p: two-sided p-value.
        holm: p-value adjusted with Holm's method over the family of comparisons.
        level: level at which Holm's method decided this comparison.
        family: number of comparisons in the family.
        bounds: smallest and largest possible difference.
    """

    arm: str
    other: str
    test: MeanTest
    p: float
    holm: float
    level: float
    family: int
    bounds: Bounds = UNBOUNDED

    @cached_property
    def difference(self) -> Interval:
        """Mean difference with the interval of the test at :attr:`level`.

        It excludes 0 exactly if the corrected p-value is at most :data:`LEVEL`, unless there are too few pairs.
        """
        return self.test.interval(1 - self.level).within(self.bounds)

    @property
    def effect(self) -> float:
        """Mean divided by the standard deviation of the differences (Cohen's d)."""
        return effect_size(self.test.values)

    @property
    def wins(self) -> float:
        """Fraction of the seeds in which the arm's score is the higher one; a tie counts half."""
        return win_rate(self.test.values)

    @property
    def detectable(self) -> tuple[float, float]:
        """Range of the smallest difference that this number of seeds detects with a probability of 0.8."""
        return detectable_range(self.test.deviation, self.test.values.size, LEVEL / self.family)

    @property
    def equivalent_within(self) -> float:
        """Smallest margin within which the arms would be equivalent at this level; nan without an interval."""
        return max(abs(self.difference.low), abs(self.difference.high))

    @property
    def undecidable(self) -> bool:
        """Whether no difference can be significant with so few seeds in which the arms differ."""
        return self.test.smallest_p() * self.family > LEVEL

    def turned(self) -> "PairedDifference":
        """Return the comparison with the two arms swapped."""
        test, bounds = replace(self.test, values=-self.test.values), (-self.bounds[1], -self.bounds[0])
        return replace(self, arm=self.other, other=self.arm, test=test, bounds=bounds)


@dataclass(frozen=True)
class Comparison:
    """All comparisons of a table.

    The baselines are fixed in advance, so the comparisons of the arms with their baselines form one family. The best
    arm is chosen from the data, so the comparisons with the best arm are corrected over all pairs of arms: if no arms
    differ, at most one table in twenty calls an arm worse than the best arm.

    Args:
        contests: the groups of arms that are compared with each other.
    """

    contests: Sequence[ComparisonGroup] = field(default_factory=list)

    @cached_property
    def to_baseline(self) -> dict[str, PairedDifference]:
        """Comparison of each arm with its baseline, for arms that share at least two seeds with it."""
        family = {}
        for c in (contest for contest in self.contests if contest.values):
            base = c.apart[c.baseline]
            family.update({(a, base): c for a in c.different if a != base})
        contrasts = _contrasts(family)
        wanted = {label: (c.apart[label], c.apart[c.baseline]) for c in self.contests for label in c.values}
        return {label: replace(contrasts[pair], arm=label) for label, pair in wanted.items() if pair in contrasts}

    @cached_property
    def _pairs(self) -> dict[Pair, PairedDifference]:
        """Comparison of every pair of arms with different trials, in both directions."""
        family = {pair: c for c in self.contests for pair in combinations(c.different, 2)}
        contrasts = _contrasts(family)
        return contrasts | {(b, a): contrast.turned() for (a, b), contrast in contrasts.items()}

    @cached_property
    def to_best(self) -> dict[str, PairedDifference]:
        """Comparison of each arm with the best arm of its group."""
        wanted = {label: (c.apart[label], c.apart[c.best]) for c in self.contests if c.best for label in c.values}
        return {label: replace(self._pairs[pair], arm=label) for label, pair in wanted.items() if pair in self._pairs}

    def pair(self, first: str, second: str) -> PairedDifference | None:
        """Return the comparison of two arms that are labels of different trials; None if they share too few seeds."""
        return self._pairs.get((first, second))

    @property
    def pairs(self) -> int:
        """Number of pairs of arms that are compared."""
        return len(self._pairs) // 2

    @property
    def seeds_to_tell(self) -> int | None:
        """Smallest number of seeds with which the clearest difference can be significant after the correction over all
        pairs; None if there is no such number."""
        return least_pairs(LEVEL / self.pairs) if self.pairs else None

    def mark(self, label: str) -> str:
        """Return the mark of an arm relative to the best arm of its group.

        Returns:
            ``*`` for the best arm, ``=`` for no detectable difference, ``?`` for too few seeds to detect a difference,
            an empty string for a significant difference, and a blank if there is no comparison.
        """
        contest = next((c for c in self.contests if label in c.values), None)
        if contest is None or contest.best is None or not self._pairs:
            return UNKNOWN
        if contest.apart[label] == contest.apart[contest.best]:
            return BEST
        contrast = self.to_best.get(label)
        if contrast is None:
            return UNKNOWN
        if contrast.holm <= LEVEL:
            return BEHIND
        return TOO_FEW if contrast.undecidable else ALIKE


def _contrasts(family: Mapping[Pair, ComparisonGroup]) -> dict[Pair, PairedDifference]:
    """Return the comparisons of one family, without the pairs of arms that share fewer than two seeds."""
    values = {pair: np.asarray(contest.differences(*pair)) for pair, contest in family.items()}
    tests = {pair: MeanTest(each, family[pair].overlap) for pair, each in values.items() if len(each) > 1}
    p = two_sided_p(list(tests.values()))
    figures = zip(tests.items(), p, holm(p).tolist(), holm_levels(p, LEVEL).tolist(), strict=True)
    return {
        pair: PairedDifference(*pair, test, raw, corrected, level, len(tests), family[pair].bounds)
        for (pair, test), raw, corrected, level in figures
    }
