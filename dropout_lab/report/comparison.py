"""Arms compared: with their baseline and with the best one, in pairs by seed, corrected for how many are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from dropout_lab.stats.holm import holm
from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval, bootstrap_interval, mean_interval
from dropout_lab.stats.paired import effect_size, sign_flip, smallest_p, win_rate
from dropout_lab.stats.power import least_pairs, pairs_needed

LEVEL = 0.05
BOOTSTRAP = 20  # pairs from which on the bootstrap is not too narrow; below it is Student's interval

Pair = tuple[str, str]
# How an arm stands to the best one.
BEST, ALIKE, TOO_FEW, BEHIND, UNKNOWN = "*", "=", "?", "", " "


@dataclass(frozen=True)
class ComparisonGroup:
    """Arms of which it makes sense to ask which is better: their data are the same.

    Args:
        values: label to trial seed to the score of that trial.
        higher: whether more is better.
        baseline: the label of the arm that the others are compared with.
        same: label to a name of its trials, which two arms share that are the same in fact.
        barred: arms that are not called best, because too many of their trials are missing.
        bounds: the least and the greatest difference of two scores.
    """

    values: Mapping[str, Mapping[int, float]]
    higher: bool
    baseline: str
    same: Mapping[str, object]
    barred: frozenset[str] = frozenset()
    bounds: Bounds = UNBOUNDED

    @cached_property
    def best(self) -> str | None:
        """The arm with the best mean; None if no arm has a value."""
        means = {label: float(np.mean(list(v.values()))) for label, v in self.values.items() if v}
        means = {label: mean for label, mean in means.items() if label not in self.barred}
        sign = 1 if self.higher else -1
        return max(means, key=lambda label: sign * means[label]) if means else None

    @cached_property
    def apart(self) -> dict[str, str]:
        """Every label with the first one that has the same trials: the arms that differ in fact."""
        first: dict[object, str] = {}
        return {label: first.setdefault(self.same[label], label) for label in self.values}

    @property
    def different(self) -> list[str]:
        """A label of each arm that differs from the others in fact."""
        return list(dict.fromkeys(self.apart.values()))

    def differences(self, first: str, second: str) -> list[float]:
        """First minus second of the seeds that both have."""
        a, b = self.values[first], self.values[second]
        return [a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]


@dataclass(frozen=True)
class PairedDifference:
    """An arm against another one.

    Args:
        arm, other: labels.
        difference: of the arm's score from the other's, in pairs by seed.
        p: of the paired sign-flip test.
        holm: the same, corrected for the family of comparisons.
        effect: mean over standard deviation of the differences.
        wins: part of the seeds in which the arm's score is the higher one.
        needed: seeds that would show such a difference with a probability of 0.8; None for more than can be reckoned.
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

    With the baselines, which are known beforehand, each arm is compared once: a family of its own. Which arm is the
    best is seen from the data, so the family that tells the others from it is every pair of arms: where nothing
    differs, some arm is called worse in at most one table of twenty.
    """

    contests: Sequence[ComparisonGroup] = field(default_factory=list)

    @cached_property
    def to_baseline(self) -> dict[str, PairedDifference]:
        """The contrast of each arm that is not its baseline and has two pairs with it."""
        family = {}
        for c in (contest for contest in self.contests if contest.values):
            base = c.apart[c.baseline]
            family.update({(a, base): c for a in c.different if a != base})
        found = _contrasts(family)
        wanted = {label: (c.apart[label], c.apart[c.baseline]) for c in self.contests for label in c.values}
        return {label: replace(found[pair], arm=label) for label, pair in wanted.items() if pair in found}

    @cached_property
    def _pairs(self) -> dict[Pair, PairedDifference]:
        """Every pair of arms that differ, seen from both sides."""
        family = {pair: c for c in self.contests for pair in combinations(c.different, 2)}
        found = _contrasts(family)
        return found | {(b, a): _turned(contrast) for (a, b), contrast in found.items()}

    @cached_property
    def to_best(self) -> dict[str, PairedDifference]:
        """The contrast of each arm with the best of its contest."""
        wanted = {label: (c.apart[label], c.apart[c.best]) for c in self.contests if c.best for label in c.values}
        return {label: replace(self._pairs[pair], arm=label) for label, pair in wanted.items() if pair in self._pairs}

    @property
    def pairs(self) -> int:
        """How many pairs of arms are compared."""
        return len(self._pairs) // 2

    @property
    def seeds_to_tell(self) -> int | None:
        """The fewest seeds with which the clearest difference could be told in a table of so many pairs."""
        return least_pairs(LEVEL / self.pairs) if self.pairs else None

    def mark(self, label: str) -> str:
        """How an arm stands to the best one: ``*`` it is the best, ``=`` not told apart from it, ``?`` too few seeds
        to tell, nothing: told apart; a blank if there is nothing to be said."""
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
    """The contrasts of one family; a pair of arms with fewer than two pairs of trials is left out."""
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
    """The interval of a mean difference in pairs: Student's t, or the BCa bootstrap from :data:`BOOTSTRAP` pairs on."""
    return (bootstrap_interval if len(values) >= BOOTSTRAP else mean_interval)(values)


def _contrast(pair: Pair, values: np.ndarray, p: float, corrected: float, family: int) -> PairedDifference:
    effect = effect_size(values)
    needed = pairs_needed(effect, LEVEL / family)
    return PairedDifference(*pair, difference_interval(values.tolist()), p, corrected, effect, win_rate(values), needed)


def _turned(contrast: PairedDifference) -> PairedDifference:
    """The same from the other arm's side."""
    mean, low, high, n, values = contrast.difference
    turned = Interval(-mean, -high, -low, n, tuple(-value for value in values))
    first, second = contrast.other, contrast.arm
    wins = 1 - contrast.wins
    return replace(contrast, arm=first, other=second, difference=turned, effect=-contrast.effect, wins=wins)
