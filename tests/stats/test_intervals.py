"""Intervals against scipy, and their coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.intervals import RESAMPLES, bootstrap_interval, mean_interval

BOTH = pytest.mark.parametrize("interval", [mean_interval, bootstrap_interval])


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_is_scipys(n, level):
    values = np.random.default_rng(n).normal(3, 2, n)
    found = mean_interval(values, level)
    low, high = stats.t.interval(level, n - 1, values.mean(), stats.sem(values))
    assert found[:3] == pytest.approx((values.mean(), low, high))
    assert found.n == n


@pytest.mark.parametrize("n", [5, 12, 40])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_bootstrap_is_scipys(n, level):
    values = np.random.default_rng(n).exponential(2, n)
    found = bootstrap_interval(values, level, seed=3)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    assert found[:3] == pytest.approx((values.mean(), *theirs))


def test_the_bootstrap_is_the_same_with_the_same_seed():
    values = [0.3, 0.1, 0.4, 0.1, 0.5, 0.9]
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_equal_values_have_an_interval_of_no_width():
    assert bootstrap_interval([0.1] * 5) == (pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1), 5)


@BOTH
def test_one_value_has_no_spread(interval):
    found = interval([0.7])
    assert (found.mean, found.n) == (0.7, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def coverage(interval, n, repeats):
    values = np.random.default_rng(0).normal(0, 1, (repeats, n))
    return np.mean([f.low <= 0 <= f.high for f in map(interval, values)])


def test_coverage_is_what_it_says():
    assert coverage(mean_interval, 5, 4000) == pytest.approx(0.95, abs=5 * math.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "covered"), [(5, 0.83), (10, 0.90), (20, 0.93)])
def test_the_bootstrap_covers_what_its_docstring_says(n, covered):
    assert coverage(bootstrap_interval, n, 600) == pytest.approx(covered, abs=0.04)


@BOTH
@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [math.inf]])
def test_no_mean_of_nothing_or_of_what_is_not_finite(interval, bad):
    with pytest.raises(ValueError, match="at least one value, all of them finite"):
        interval(bad)
