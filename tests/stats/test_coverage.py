"""How often intervals of bounded scores cover the mean, beside Student's plain ones: the table of mean_interval."""

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.intervals import mean_interval

SEEDS = [3, 5, 10, 20]
LEAST = {  # coverage that each kind of accuracies has at least for 3, 5, 10 and 20 seeds
    "normal": [0.945, 0.945, 0.945, 0.945],
    "binomial": [0.95, 0.94, 0.94, 0.94],
    "ties at 1": [0.98, 0.95, 0.95, 0.945],
    "ties, 36 examples": [0.96, 0.94, 0.96, 0.95],
    "skewed": [0.92, 0.905, 0.91, 0.915],
}
SAMPLES = 2500


def draw(kind, n):
    """Accuracies [samples, n] and their true mean."""
    random = np.random.default_rng([7, n])
    shape = (SAMPLES, n)
    return {
        "normal": (random.normal(0.5, 0.03, shape), 0.5),
        "binomial": (random.binomial(360, 0.98, shape) / 360, 0.98),
        "ties at 1": (random.binomial(360, 0.998, shape) / 360, 0.998),
        "ties, 36 examples": (random.binomial(36, 0.99, shape) / 36, 0.99),
        "skewed": (random.beta(19 * 0.6, 0.6, shape), 0.95),
    }[kind]


def coverage(values, mean, bounds):
    """The part of the intervals that holds the mean, of samples that have an interval; all lie within the bounds."""
    found = [mean_interval(row, bounds=bounds) for row in values if np.ptp(row) > 0]
    assert all(bounds[0] <= f.low <= f.mean <= f.high <= bounds[1] for f in found)
    return np.mean([f.low <= mean <= f.high for f in found])


@pytest.mark.parametrize(("place", "n"), list(enumerate(SEEDS)))
@pytest.mark.parametrize("kind", LEAST)
def test_accuracies_are_covered(kind, place, n):
    values, mean = draw(kind, n)
    assert coverage(values, mean, (0, 1)) >= LEAST[kind][place]


@pytest.mark.parametrize("n", SEEDS)
def test_errors_in_percent_have_the_mirrored_interval(n):
    values, mean = draw("binomial", n)
    assert coverage(100 * (1 - values), 100 * (1 - mean), (0, 100)) == coverage(values, mean, (0, 1))


def test_the_plain_interval_covers_less_and_leaves_the_range():
    values, mean = draw("skewed", 5)
    half = stats.t.ppf(0.975, 4) * stats.sem(values, axis=1)
    centre = values.mean(1)
    assert np.mean(np.abs(centre - mean) <= half) < 0.88
    assert np.mean(centre + half > 1) > 0.3


@pytest.mark.parametrize("n", SEEDS)
def test_positive_scores_are_covered(n):
    values = np.random.default_rng(n).gamma(4, 0.25, (SAMPLES, n))
    assert coverage(values, 1, (0, np.inf)) >= 0.93
