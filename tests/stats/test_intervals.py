"""Intervals against scipy, and their coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.intervals import mean_interval


@pytest.mark.parametrize("n", [3, 5, 20])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_is_scipys(n, level):
    values = np.random.default_rng(n).normal(3, 2, n)
    found = mean_interval(values, level)
    low, high = stats.t.interval(level, n - 1, values.mean(), stats.sem(values))
    assert found[:3] == pytest.approx((values.mean(), low, high))
    assert found.n == n


@pytest.mark.parametrize("values", [[0.7], [0.7, 0.9], [0.1] * 5, [1.0] * 4, [0.1 + 0.2, 0.3, 0.3]])
def test_few_or_equal_values_have_no_interval(values):
    found = mean_interval(values)
    assert (found.mean, found.n) == (pytest.approx(np.mean(values)), len(values))
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.values == (tuple(values) if len(values) < 3 else ())


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1, 1, 0.9722], (0, 1)),
        ([0, 0, 0.0278, 0], (0, 1)),
        ([100, 100, 97.2, 40], (0, 100)),
        ([0.01, 3, 9], (0, math.inf)),
        ([1.001, 1.5, 4], (1, math.inf)),
        ([-3, -1, -0.2], (-math.inf, 0)),
    ],
)
def test_the_interval_stays_within_the_bounds_where_students_does_not(values, bounds):
    plain, found = mean_interval(values), mean_interval(values, bounds=bounds)
    assert plain.low < bounds[0] or plain.high > bounds[1]
    assert bounds[0] <= found.low < found.mean < found.high <= bounds[1]


def test_the_interval_is_that_of_the_logit_or_the_logarithm():
    values = np.array([0.9, 0.92, 0.97, 0.95])
    half = stats.t.ppf(0.975, 3) * stats.sem(values)
    mean = values.mean()
    logit = np.log(mean / (1 - mean)) + np.array([-1, 1]) * half / (mean * (1 - mean))
    assert mean_interval(values, bounds=(0, 1))[1:3] == pytest.approx(tuple(1 / (1 + np.exp(-logit))))
    percent = mean_interval(100 * (1 - values), bounds=(0, 100))
    assert percent[1:3] == pytest.approx(tuple(100 - 100 / (1 + np.exp(-logit[::-1]))))
    log = np.log(mean) + np.array([-1, 1]) * half / mean
    assert mean_interval(values, bounds=(0, math.inf))[1:3] == pytest.approx(tuple(np.exp(log)))


def test_far_from_the_bounds_the_interval_is_students():
    values = [0.95, 0.955, 0.948, 0.951, 0.953]
    assert mean_interval(values, bounds=(0, 1))[1:3] == pytest.approx(mean_interval(values)[1:3], abs=2e-4)


def test_values_beyond_the_bounds_by_rounding_have_the_plain_interval():
    values = [-1e-9, 0.1, 0.2]
    assert mean_interval(values, bounds=(0, math.inf)) == mean_interval(values)


def test_a_difference_is_cut_off_at_its_bounds():
    found = mean_interval([0.9, -0.2, 0.8]).within((-1, 1))
    assert (found.low, found.high) == (-1, 1)
    assert math.isnan(mean_interval([0.5, 0.5, 0.5]).within((-1, 1)).low)


def coverage(interval, n, repeats):
    values = np.random.default_rng(0).normal(0, 1, (repeats, n))
    return np.mean([f.low <= 0 <= f.high for f in map(interval, values)])


def test_coverage_is_what_it_says():
    assert coverage(mean_interval, 5, 4000) == pytest.approx(0.95, abs=5 * math.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.parametrize("bad", [[], [math.nan, 1.0], [math.inf]])
def test_no_mean_of_nothing_or_of_what_is_not_finite(bad):
    with pytest.raises(ValueError, match="at least one value, all of them finite"):
        mean_interval(bad)
