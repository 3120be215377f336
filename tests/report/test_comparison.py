"""Arms against their baseline and the best one."""

from dataclasses import replace

import numpy as np
import pytest

from dropout_lab.report.comparison import Comparison, ComparisonGroup
from dropout_lab.stats.mean_test import MeanTest
from dropout_lab.stats.paired import sign_flip


def contest(values, higher=True, **more):
    """Arms "a", "b", ... with these scores of the seeds 0, 1, ..."""
    arms = {chr(97 + i): dict(enumerate(row)) for i, row in enumerate(values)}
    return ComparisonGroup(arms, higher, "a", {"same": None, **{label: label for label in arms}, **more})


def marks(comparison):
    return "".join(comparison.mark(label) or "-" for c in comparison.contests for label in c.values)


def noisy(*means, seeds=20, spread=1.0, seed=0):
    random = np.random.default_rng(seed)
    shared = random.normal(0, 5, seeds)  # what a seed does to all arms alike, and pairs take out
    return [shared + mean + random.normal(0, spread, seeds) for mean in means]


def test_a_difference_is_seen_in_pairs_that_a_mean_would_not_show():
    comparison = Comparison([contest(noisy(0, 2, 2.05))])
    assert marks(comparison) == "-*="
    found = comparison.to_baseline["b"]
    assert found.difference.low > 0
    assert found.wins > 0.8
    assert "a" not in comparison.to_baseline


def test_less_is_better_for_losses():
    assert marks(Comparison([contest(noisy(0, 3), higher=False)])) == "*-"


def test_five_seeds_are_too_few_however_clear_the_difference():
    comparison = Comparison([contest(noisy(0, 50, seeds=5))])
    assert marks(comparison) == "?*"
    assert comparison.to_baseline["b"].p == 1 / 16
    assert comparison.seeds_to_tell == 6
    assert comparison.to_best["a"].undecidable
    assert marks(Comparison([contest(noisy(0, 50, seeds=6))])) == "-*"


def test_more_arms_need_more_seeds():
    eight = Comparison([contest(noisy(*[0] * 7, 50, seeds=10))])
    assert (eight.pairs, eight.seeds_to_tell) == (28, 11)
    assert marks(eight) == "?" * 7 + "*"
    assert marks(Comparison([contest(noisy(*[0] * 7, 50, seeds=11))])) == "-" * 7 + "*"


def test_both_families_are_corrected_by_their_own_size():
    values = noisy(0, 1, 1, seeds=8)
    comparison = Comparison([contest(values)])
    p = [MeanTest(values[i] - values[0]).p() for i in (1, 2)]
    found = [comparison.to_baseline[label].holm for label in "bc"]
    assert sorted(found) == pytest.approx(sorted([min(1, 2 * min(p)), max(*p, 2 * min(p))]))


def test_arms_with_the_same_trials_are_one_arm():
    a, b = noisy(0, 3)
    comparison = Comparison([contest([a, b, b, a], c="b", d="a")])
    assert comparison.pairs == 1
    assert marks(comparison) == "-**-"
    assert comparison.to_baseline["b"].p == comparison.to_baseline["c"].p
    assert "d" not in comparison.to_baseline


def test_only_seeds_that_both_have_are_compared():
    a, b = noisy(0, 3, seeds=12)
    whole = contest([a, b])
    values = {"a": whole.values["a"], "b": {seed: v for seed, v in whole.values["b"].items() if seed > 2}}
    comparison = Comparison([ComparisonGroup(values, True, "a", whole.same)])
    assert comparison.to_baseline["b"].difference.n == 9
    assert comparison.to_baseline["b"].difference.mean == pytest.approx(np.mean(b[3:] - a[3:]))


def test_one_seed_says_nothing():
    comparison = Comparison([contest([[1.0], [2.0]])])
    assert (comparison.pairs, comparison.to_best, marks(comparison)) == (0, {}, "  ")


def test_an_arm_that_is_barred_is_not_called_best():
    whole = contest(noisy(0, 5))
    barred = ComparisonGroup(whole.values, True, "a", whole.same, frozenset("b"))
    assert barred.best == "a"


def test_where_nothing_helps_some_arm_is_called_worse_in_one_table_of_twenty_at_most():
    repeats = 400
    false = 0
    for repeat in range(repeats):
        comparison = Comparison([contest(noisy(*[0] * 5, seeds=12, seed=repeat))])
        false += "-" in marks(comparison)
    assert false <= 0.05 * repeats


def test_with_only_the_comparisons_to_the_best_corrected_more_tables_would_err():
    """Why every pair is in the family: the best is chosen by looking at the same figures."""
    repeats, false = 400, 0
    for repeat in range(repeats):
        values = np.array(noisy(*[0] * 8, seeds=12, seed=repeat))
        best = values.mean(1).argmax()
        p = sign_flip(np.delete(values[best] - values, best, axis=0))
        false += p.min() <= 0.05 / 7
    assert false > 0.07 * repeats


def test_the_interval_excludes_no_difference_exactly_if_the_corrected_p_value_is_significant():
    verdicts = set()
    for seed in range(40):
        found = Comparison([contest(noisy(0, 0.5, 0.8, 1.1, seeds=10, seed=seed))]).to_baseline.values()
        verdicts |= {(c.holm <= 0.05, not c.difference.low <= 0 <= c.difference.high) for c in found}
    assert verdicts == {(True, True), (False, False)}


def test_seeds_without_a_difference_do_not_make_enough_seeds():
    a = [0.5] * 12
    b = [0.5] * 7 + [0.6] * 5  # five seeds with a difference have a smallest p-value of 1 / 16
    assert marks(Comparison([contest([a, b])])) == "?*"
    assert marks(Comparison([contest([a, [0.5] * 6 + [0.6, 0.61, 0.59, 0.4, 0.6, 0.6]])])) == "=*"


def test_overlapping_splits_widen_the_interval_and_raise_p():
    values = noisy(0, 1, seeds=20)
    apart, overlapping = (Comparison([replace(contest(values), overlap=o)]).to_baseline["b"] for o in (0.0, 0.25))
    width = [c.difference.high - c.difference.low for c in (apart, overlapping)]
    assert width[1] / width[0] == pytest.approx(np.sqrt(1 + 20 * 0.25), rel=0.02)
    assert overlapping.p > apart.p
