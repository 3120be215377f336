"""Interval over seeds and test examples: its coverage, and by hand."""

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from dropout_lab.stats.crossed import crossed_interval


def draw(random, seeds, examples, by_seed, by_example):
    """Differences of hits -1, 0 and 1 with effects of seeds and examples [seeds, examples], and their true mean."""
    latent = by_seed * random.normal(size=(seeds, 1)) + by_example * random.normal(size=examples)
    latent = latent + random.normal(size=(seeds, examples))
    deviation = math.sqrt(by_seed**2 + by_example**2 + 1)
    truth = norm.sf(1.5 / deviation) - norm.cdf(-2 / deviation)
    return (latent > 1.5).astype(float) - (latent < -2), truth


@pytest.mark.parametrize("seeds", [5, 10, 20])
@pytest.mark.parametrize(("by_seed", "by_example"), [(0, 0), (0.1, 0), (0, 1), (0.05, 1), (0.3, 1)])
def test_the_true_difference_is_covered(seeds, by_seed, by_example):
    random, samples = np.random.default_rng([seeds, int(100 * by_seed)]), 400
    covered = 0
    for _ in range(samples):
        values, truth = draw(random, seeds, 300, by_seed, by_example)
        found = crossed_interval(values)
        covered += found.low <= truth <= found.high
    assert 0.95 - 3 * math.sqrt(0.05 * 0.95 / samples) <= covered / samples <= 0.995


def test_over_seeds_alone_the_examples_are_not_covered():
    """The interval over seeds is right for these test examples only."""
    random, covered = np.random.default_rng(0), 0
    for _ in range(300):
        values, truth = draw(random, 10, 300, 0.05, 1)
        rows = values.mean(1)
        covered += abs(rows.mean() - truth) <= t.ppf(0.975, 9) * rows.std(ddof=1) / math.sqrt(10)
    assert covered / 300 < 0.7


def test_additive_values_by_hand():
    values = np.add.outer([0.0, 1, 2, 3], [0.0, 2, 4])  # no residual
    found = crossed_interval(values)
    total = 3 * np.var([0, 1, 2, 3], ddof=1) + 4 * 4  # sums of squares of seeds and examples over their freedom
    freedom = total**2 / ((3 * 5 / 3) ** 2 / 3 + 16**2 / 2)
    assert found.mean == 3.5
    assert found.high - 3.5 == pytest.approx(t.ppf(0.975, freedom) * math.sqrt(total / 12))


def test_few_or_equal_values_have_no_interval():
    assert math.isnan(crossed_interval(np.eye(2)).low)
    assert math.isnan(crossed_interval(np.zeros((5, 9))).low)
