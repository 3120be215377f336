"""The constants of the check of the digits can be derived again."""

from math import sqrt
from statistics import fmean, stdev

import pytest

from dropout_lab.checks.digits_accuracy import DERIVED, DERIVED_SEEDS, MEASURES, SEEDS, mean_bounds, measure_seeds


@pytest.mark.slow
def test_the_constants_are_those_of_many_seeds():
    measured = measure_seeds(range(1000, 1000 + DERIVED_SEEDS))
    for name in MEASURES:
        mean, deviation = DERIVED[name]
        # On another machine, rounding changes single networks but not their distribution.
        assert fmean(measured[name]) == pytest.approx(mean, abs=deviation / 10)
        assert stdev(measured[name]) == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize("name", MEASURES)
def test_the_interval_is_wider_than_the_error_of_the_mean_and_excludes_a_network_without_training(name):
    low, high = mean_bounds(name)
    mean, deviation = DERIVED[name]
    assert (low + high) / 2 == pytest.approx(mean)
    assert high - low > 2 * 4 * deviation / sqrt(SEEDS)
    assert not low < {"test_accuracy": 0.1, "train_loss": 2.3}[name] < high
