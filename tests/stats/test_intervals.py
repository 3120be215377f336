"""Intervals against scipy, and their coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.intervals import mean_interval


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_is_scipys(n, level):
    values = np.random.default_rng(n).normal(3, 2, n)
    found = mean_interval(values, level)
    low, high = stats.t.interval(level, n - 1, values.mean(), stats.sem(values))
    assert found[:3] == pytest.approx((values.mean(), low, high))
    assert found.n == n


def test_one_value_has_no_spread():
    found = mean_interval([0.7])
    assert (found.mean, found.n) == (0.7, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_coverage_is_what_it_says():
    values = np.random.default_rng(0).normal(0, 1, (4000, 5))
    covered = np.mean([f.low <= 0 <= f.high for f in map(mean_interval, values)])
    assert covered == pytest.approx(0.95, abs=5 * math.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [math.inf]])
def test_no_mean_of_nothing_or_of_what_is_not_finite(bad):
    with pytest.raises(ValueError, match="at least one value, all of them finite"):
        mean_interval(bad)
