"""Comparisons of arms with their baseline and with the best arm, paired by seed and corrected with Holm's method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval, bootstrap_interval, mean_interval
from dropout_lab.stats.paired import effect_size, holm, sign_flip, smallest_p, win_rate
from dropout_lab.stats.power import least_pairs, pairs_needed

LEVEL = 0.05
BOOTSTRAP = 20  # minimum number of pairs for the bootstrap interval; with fewer it is too narrow, and Student's is used

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
    """

    values: Mapping[str, Mapping[int, float]]
    higher: bool
    baseline: str
    same: Mapping[str, object]
    barred: frozenset[str] = frozenset()
    bounds: Bounds = UNBOUNDED

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
        difference: mean of the arm's score minus the other arm's score, with its interval.
        p: p-value of the paired sign-flip test.
        holm: p-value adjusted with Holm's method over the family of comparisons.
        effect: mean divided by the standard deviation of the differences (Cohen's d).
        wins: fraction of the seeds in which the arm's score is the higher one; a tie counts half.
        needed: number of seeds that detect a difference of this size with a power of 0.8; None if there is no such
            number, see :func:`dropout_lab.stats.power.pairs_needed`.
    """

    arm: str
    other: str
    difference: Interval
    p: float
    holm: float
    effect: float
    wins: float
    needed: int | None


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
        found = _contrasts(family)
        wanted = {label: (c.apart[label], c.apart[c.baseline]) for c in self.contests for label in c.values}
        return {label: replace(found[pair], arm=label) for label, pair in wanted.items() if pair in found}

    @cached_property
    def _pairs(self) -> dict[Pair, PairedDifference]:
        """Comparison of every pair of arms with different trials, in both directions."""
        family = {pair: c for c in self.contests for pair in combinations(c.different, 2)}
        found = _contrasts(family)
        return found | {(b, a): _turned(contrast) for (a, b), contrast in found.items()}

    @cached_property
    def to_best(self) -> dict[str, PairedDifference]:
        """Comparison of each arm with the best arm of its group."""
        wanted = {label: (c.apart[label], c.apart[c.best]) for c in self.contests if c.best for label in c.values}
        return {label: replace(self._pairs[pair], arm=label) for label, pair in wanted.items() if pair in self._pairs}

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
        found = self.to_best.get(label)
        if found is None:
            return UNKNOWN
        if found.holm <= LEVEL:
            return BEHIND
        return TOO_FEW if smallest_p(found.difference.n) * self.pairs > LEVEL else ALIKE


def _contrasts(family: Mapping[Pair, ComparisonGroup]) -> dict[Pair, PairedDifference]:
    """Return the comparisons of one family, without the pairs of arms that share fewer than two seeds."""
    differences = {pair: np.asarray(contest.differences(*pair)) for pair, contest in family.items()}
    found = {pair: values for pair, values in differences.items() if len(values) > 1}
    p = dict.fromkeys(found, 1.0)
    for n in {len(values) for values in found.values()}:
        labels = [pair for pair, values in found.items() if len(values) == n]
        p.update(zip(labels, sign_flip(np.stack([found[pair] for pair in labels])).tolist(), strict=True))
    corrected = dict(zip(found, holm([p[pair] for pair in found]).tolist(), strict=True))
    contrasts = {pair: _contrast(pair, values, p[pair], corrected[pair], len(found)) for pair, values in found.items()}
    return {
        pair: replace(contrast, difference=contrast.difference.within(family[pair].bounds))
        for pair, contrast in contrasts.items()
    }


def difference_interval(values: Sequence[float]) -> Interval:
    """Return the interval of a mean paired difference.

    It is Student's t interval for fewer than :data:`BOOTSTRAP` pairs, and the BCa bootstrap interval otherwise.
    """
    return (bootstrap_interval if len(values) >= BOOTSTRAP else mean_interval)(values)


def _contrast(pair: Pair, values: np.ndarray, p: float, corrected: float, family: int) -> PairedDifference:
    effect = effect_size(values)
    needed = pairs_needed(effect, LEVEL / family)
    return PairedDifference(*pair, difference_interval(values.tolist()), p, corrected, effect, win_rate(values), needed)


def _turned(contrast: PairedDifference) -> PairedDifference:
    """Return the comparison with the two arms swapped."""
    mean, low, high, n, values = contrast.difference
    turned = Interval(-mean, -high, -low, n, tuple(-value for value in values))
    first, second = contrast.other, contrast.arm
    wins = 1 - contrast.wins
    return replace(contrast, arm=first, other=second, difference=turned, effect=-contrast.effect, wins=wins)
