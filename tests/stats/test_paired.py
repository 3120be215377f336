"""Paired tests against scipy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.paired import effect_size, sign_flip, smallest_p, win_rate


def theirs(values, resamples=10**6):
    # Their draws are not ours, so more than a million patterns are only compared to a few digits.
    rng = np.random.default_rng(0)
    return stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=resamples, rng=rng).pvalue


@pytest.mark.parametrize("n", [2, 5, 11, 16])
def test_few_pairs_are_scipys_exact_test(n):
    values = np.random.default_rng(n).normal(0.4, 1, n)
    assert sign_flip(values) == pytest.approx(theirs(values))


def test_many_pairs_are_sampled_and_close_to_the_t_test():
    values = np.random.default_rng(1).normal(0.3, 1, 40)
    assert sign_flip(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.01)
    assert sign_flip(values) == sign_flip(values)
    assert sign_flip(np.ones(40)) == smallest_p(40) == 1 / 100_000


@pytest.mark.parametrize("n", range(1, 9))
def test_the_smallest_p_is_reached_when_all_differences_have_one_sign(n):
    assert sign_flip(np.arange(1, n + 1)) == smallest_p(n) == 2 / 2**n


def test_five_seeds_cannot_reach_five_percent():
    assert smallest_p(5) == 1 / 16
    assert smallest_p(6) < 0.05


def test_equal_differences_are_equal_whatever_the_rounding():
    # Every pattern has a mean of 0, +-0.1 / 3 or more; in binary arithmetic 0.1 + 0.2 - 0.3 is not 0.
    assert sign_flip([0.1, 0.2, -0.3]) == 1.0
    assert sign_flip([0.3, -0.1, 0.2]) == 2 * 2 / 8  # 0.4 is reached by +++, and by itself
    assert sign_flip([0.0, 0.0]) == 1.0


def test_many_tests_at_once_are_those_tests():
    values = np.random.default_rng(2).normal(0, 1, (3, 4, 7))
    assert sign_flip(values).tolist() == [[pytest.approx(float(sign_flip(v))) for v in row] for row in values]


def test_the_level_is_kept():
    p = sign_flip(np.random.default_rng(3).standard_t(3, (4000, 8)))
    assert np.mean(p <= 0.05) <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize("bad", [[], 1.0, [0.1, math.nan]])
def test_what_is_no_list_of_differences_is_refused(bad):
    with pytest.raises(ValueError, match="at least one pair"):
        sign_flip(bad)


def test_effect_size_and_win_rate_by_hand():
    assert effect_size([1, 2, 3]) == 2.0
    assert effect_size([0.5, 0.5]) == math.inf
    assert effect_size([0, 0]) == 0
    assert math.isnan(effect_size([1]))
    assert win_rate([1, 2, 0, -1]) == 0.625


def test_effect_size_is_the_t_statistic_over_the_root_of_n():
    values = np.random.default_rng(4).normal(1, 2, 9)
    assert effect_size(values) == pytest.approx(stats.ttest_1samp(values, 0).statistic / 3)
