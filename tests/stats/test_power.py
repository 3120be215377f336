"""How many seeds are enough."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.paired import sign_flip
from dropout_lab.stats.power import least_pairs, pairs_needed, power


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_numbers_of_cohens_table(effect, n):
    assert pairs_needed(effect) == n  # two-sided, level 0.05, power 0.8


@pytest.mark.parametrize("effect", [0.0, 0.4, 1.5])
def test_power_is_the_noncentral_t_of_scipy(effect):
    bound = stats.t.ppf(0.975, 8)
    theirs = stats.nct.sf(bound, 8, effect * 3) + stats.nct.cdf(-bound, 8, effect * 3)
    assert power(effect, 9) == pytest.approx(theirs if effect else 0.05)
    assert power(-effect, 9) == power(effect, 9)


def test_the_test_in_use_has_that_power():
    n = pairs_needed(0.9)
    p = sign_flip(np.random.default_rng(0).normal(0.9, 1, (3000, n)))
    assert np.mean(p <= 0.05) == pytest.approx(0.8, abs=0.05)


def test_no_fewer_than_the_sign_flip_test_can_use():
    assert [least_pairs(level) for level in (0.05, 0.05 / 3, 0.05 / 28)] == [6, 7, 11]
    assert pairs_needed(50) == pairs_needed(math.inf) == 6
    assert least_pairs(1e-9) is None


def test_what_no_number_of_seeds_shows():
    assert pairs_needed(0.0) is None
    assert pairs_needed(math.nan) is None
    assert pairs_needed(0.01) is None
