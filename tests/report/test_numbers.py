"""Numbers as tables print them."""

import math

import pytest

from dropout_lab.report.numbers import interval_text, spread_text
from dropout_lab.stats.intervals import Interval, mean_interval


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.9], "90.00"),
        ([0.96, 0.95], "96.00, 95.00"),
        ([1.0, 1.0, 1.0], "100.00"),
        ([0.9, 0.92, 0.97], "93.00 [77.05, 98.13]"),
    ],
)
def test_values_or_a_mean_with_its_interval(values, text):
    assert interval_text(mean_interval(values, bounds=(0, 1)), 100, 2) == text


def test_signs_of_differences():
    assert interval_text(mean_interval([0.01, -0.02]), 100, 2, "+") == "+1.00, -2.00"


def test_an_interval_of_two_values_in_an_old_file_is_not_shown():
    assert interval_text(Interval(0.5, -1.0, 2.0, 2)) == "0.50"


@pytest.mark.parametrize(
    ("counts", "bounds", "text"),
    [
        ([1], [(0, 1)], "One seed per arm, hence no spread"),
        ([], [(0, 1)], "One seed per arm, hence no spread"),
        ([2, 1], [(0, 1)], "The values of 2 seeds, too few for an interval"),
        ([5], [(0, 1)], "Mean [95 % t-interval over n seeds, logit scale]"),
        ([5], [(0, math.inf)], "Mean [95 % t-interval over n seeds, log scale]"),
        ([5], [(-math.inf, math.inf)], "Mean [95 % t-interval over n seeds]"),
        ([5, 2], [(0, 1)], "Mean [95 % t-interval over n seeds, logit scale] (fewer than 3: their values)"),
        (
            [5],
            [(0, 1), (0, math.inf)],
            "Mean [95 % t-interval over n seeds, logit or log scale where the score has bounds]",
        ),
    ],
)
def test_the_foot_says_what_the_cells_are(counts, bounds, text):
    assert spread_text(counts, bounds, "seeds") == text
