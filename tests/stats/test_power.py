"""How many seeds are enough."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.mean_test import MeanTest, two_sided_p
from dropout_lab.stats.power import detectable_effect, detectable_range, least_pairs, power


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_numbers_of_cohens_table(effect, n):
    assert power(effect, n) >= 0.8 > power(effect, n - 1)  # two-sided, level 0.05


@pytest.mark.parametrize("effect", [0.0, 0.4, 1.5])
def test_power_is_the_noncentral_t_of_scipy(effect):
    bound = stats.t.ppf(0.975, 8)
    theirs = stats.nct.sf(bound, 8, effect * 3) + stats.nct.cdf(-bound, 8, effect * 3)
    assert power(effect, 9) == pytest.approx(theirs if effect else 0.05)
    assert power(-effect, 9) == power(effect, 9)


@pytest.mark.parametrize(("n", "level"), [(8, 0.05), (10, 0.05), (12, 0.05 / 7), (16, 0.05 / 7)])
def test_the_test_in_use_detects_the_detectable_effect_in_four_of_five_samples(n, level):
    effect = detectable_effect(n, level)
    samples = np.random.default_rng(0).normal(effect, 1, (2000, n))
    assert np.mean(np.array(two_sided_p([MeanTest(row) for row in samples])) <= level) == pytest.approx(0.8, abs=0.04)


def test_no_fewer_than_the_sign_flip_test_can_use():
    assert [least_pairs(level) for level in (0.05, 0.05 / 3, 0.05 / 28)] == [6, 7, 11]
    assert least_pairs(1e-9) is None
    assert detectable_effect(5) is None
    assert all(map(math.isnan, detectable_range(1.0, 5)))
    assert all(map(math.isnan, detectable_range(0.0, 20)))


def test_the_detectable_difference_depends_on_the_spread_and_not_on_the_difference_seen():
    """True effects of 0.3: a number computed from the effect seen would vary by a factor of 60."""
    samples = np.random.default_rng(1).normal(0.3, 1, (500, 20))
    ranges = np.array([detectable_range(row.std(ddof=1), 20) for row in samples])
    covered = (ranges[:, 0] <= detectable_effect(20)) & (detectable_effect(20) <= ranges[:, 1])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)  # the true standard deviation is 1
    assert ranges.max() / ranges.min() < 6
