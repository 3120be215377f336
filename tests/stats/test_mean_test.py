"""Test of a mean against a bound: its size under normal, skewed and tied values, its power, and its interval."""

import math

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.mean_test import MeanTest, two_sided_p
from dropout_lab.stats.paired import sign_flip, smallest_p

SAMPLES = 1500
LIMIT = 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / SAMPLES)  # size of 5 % with the error of the simulation
KINDS = ("normal", "exponential", "mirrored exponential", "binomial of 360", "counts", "heavy tails")


def draw(kind, n, samples=SAMPLES):
    """Values [samples, n] with mean 0."""
    random, shape = np.random.default_rng([n, KINDS.index(kind)]), (samples, n)
    return {
        "normal": lambda: random.normal(0, 1, shape),
        "exponential": lambda: random.exponential(1, shape) - 1,
        "mirrored exponential": lambda: 1 - random.exponential(1, shape),
        "binomial of 360": lambda: (random.binomial(360, 0.98, shape) - random.binomial(360, 0.98, shape)) / 360,
        "counts": lambda: random.poisson(0.5, shape) - 0.5,
        "heavy tails": lambda: random.standard_t(3, shape),
    }[kind]()


@pytest.mark.parametrize("n", [5, 6, 8, 10, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_a_true_bound_is_rejected_in_one_sample_of_twenty_at_most(kind, n):
    """The mean equals a bound of 3, so that a verdict in either direction is wrong."""
    assert np.mean([MeanTest(row + 3).p(3) <= 0.05 for row in draw(kind, n)]) <= LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["exponential", "binomial of 360"])
def test_with_twenty_values_as_well(kind):
    rows = draw(kind, 20, samples=600)
    size = np.mean(np.array(two_sided_p([MeanTest(row) for row in rows])) <= 0.05)
    assert size <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 600)


def test_the_sign_flip_test_alone_rejects_a_true_bound_of_skewed_values_too_often():
    assert np.mean(sign_flip(draw("exponential", 10)) <= 0.05) > 0.08


@pytest.mark.parametrize(("n", "least"), [(8, 0.5), (10, 0.65), (12, 0.75)])
def test_a_difference_of_one_standard_deviation_is_found(n, least):
    assert np.mean([MeanTest(row + 1).p() <= 0.05 for row in draw("normal", n)]) >= least


@pytest.mark.parametrize("n", [3, 6, 9, 16, 17, 20])
@pytest.mark.parametrize("options", [{}, {"overlap": 0.25}, {"bound_error": 0.3}])
def test_the_interval_holds_the_bounds_that_are_not_rejected(n, options):
    random = np.random.default_rng(n)
    for values in (random.normal(1, 1, n), random.exponential(1, n), np.round(random.normal(1, 1, n) * 2) / 2):
        test = MeanTest(values, **options)
        for level in (0.8, 0.95, 0.99):
            found = test.interval(level)
            assert found.low < found.mean < found.high
            tail = 1 - level + 1e-9  # 1 - 0.8 is below 0.2 in binary arithmetic
            if smallest_p(n) > tail:
                continue
            near = 1e-6 * (found.high - found.low)
            assert test.p(found.low - near) <= tail < test.p(found.low + near)
            assert test.p(found.high + near) <= tail < test.p(found.high - near)


@pytest.mark.parametrize("kind", KINDS[:4])
def test_the_interval_covers_the_mean(kind):
    found = [MeanTest(row).interval() for row in draw(kind, 10) if np.ptp(row) > 0]
    assert np.mean([f.low <= 0 <= f.high for f in found]) >= 1 - LIMIT


def test_too_few_values_for_the_sign_flip_test_have_the_interval_of_the_other_test():
    values = np.array([-2.0, -1, 0, 1, 2]) + 0.5  # without skewness, it is Student's
    assert MeanTest(values).interval()[1:3] == pytest.approx(stats.t.interval(0.95, 4, 0.5, stats.sem(values)))
    assert MeanTest(values).smallest_p() == 1 / 16


def test_equal_values_have_no_interval_but_a_sign_flip_test():
    found = MeanTest(np.full(8, 0.1)).interval()
    assert (found.mean, math.isnan(found.low)) == (pytest.approx(0.1), True)
    assert MeanTest(np.full(8, 0.1)).p() == 2 / 2**8
    assert MeanTest(np.zeros(8)).p() == 1


def test_values_at_the_bound_do_not_count():
    assert MeanTest(np.array([0, 0, 0, 0.1, 0.2, 0.3, 0])).smallest_p() == 1 / 4
    assert MeanTest(np.array([3, 3, 3, 0.1, 0.2, 0.3, 0])).smallest_p(3) == 1 / 8


def test_overlapping_splits_have_the_variance_of_nadeau_and_bengio():
    """Without skewness, the interval is that of their corrected resampled t test where this test decides."""
    values = np.concatenate([np.arange(1, 11), -np.arange(1, 11)]) + 20.0
    half = stats.t.ppf(0.975, 19) * math.sqrt((1 / 20 + 1 / 9) * values.var(ddof=1))
    found = MeanTest(values, overlap=1 / 9).interval()
    assert found.low <= 20 - half
    assert found[1:3] == pytest.approx((20 - half, 20 + half), rel=0.01)
    assert MeanTest(values, overlap=1 / 9).standard_error == pytest.approx(half / stats.t.ppf(0.975, 19))


def split_differences(random, splits, examples=60, share=0.1):
    """Differences in squared error between the predictions 0.2 and 0 on random test parts of one sample, [splits]."""
    y = random.normal(0, 1, examples)
    held = round(share * examples)
    tests = [random.permutation(examples)[:held] for _ in range(splits)]
    return np.array([np.mean((y[rows] - 0.2) ** 2 - y[rows] ** 2) for rows in tests])


def test_splits_of_the_same_data_need_the_correction():
    random, samples = np.random.default_rng(5), 600
    data = [split_differences(random, 12) for _ in range(samples)]
    truth = 0.2**2  # the expected difference on new data
    size = [np.mean([MeanTest(row, overlap=o).p(truth) <= 0.05 for row in data]) for o in (0.0, 1 / 9)]
    assert size[0] > 0.1
    assert size[1] <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / samples)


def test_the_uncertainty_of_a_bound_is_part_of_the_test():
    random, samples = np.random.default_rng(6), 1500
    data = random.normal(0, 1, (samples, 10))
    bounds = random.normal(0, 0.5, samples)  # estimates of 0 with a standard error of 0.5
    size = [
        np.mean([MeanTest(row, bound_error=e).p(b) <= 0.05 for row, b in zip(data, bounds, strict=True)])
        for e in (0.0, 0.5)
    ]
    assert size[0] > 0.15
    assert size[1] <= LIMIT


def test_many_tests_at_once_are_those_tests():
    rows = [np.random.default_rng(i).normal(0.5, 1, 6 + i % 3) for i in range(9)]
    assert two_sided_p([MeanTest(row) for row in rows]) == pytest.approx([MeanTest(row).p() for row in rows])
