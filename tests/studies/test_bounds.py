"""The bounds of a study's metric follow from its expression."""

import math

import pytest

from dropout_lab.studies.bounds import expression_bounds, metric_bounds
from dropout_lab.studies.study import Reading, StudyMetric

REAL, POSITIVE = (-math.inf, math.inf), (0, math.inf)


@pytest.mark.parametrize(
    ("expression", "bounds"),
    [
        ("test_accuracy", (0, 1)),
        ("100 * test_accuracy", (0, 100)),
        ("100 * (1 - test_accuracy)", (0, 100)),
        ("10000 * (1 - test_accuracy)", (0, 10000)),
        ("-test_accuracy / 2 + 1", (0.5, 1)),
        ("test_rmse", POSITIVE),
        ("1 - test_rmse", (-math.inf, 1)),
        ("test_perplexity", (1, math.inf)),
        ("found", REAL),
        ("log_likelihood", REAL),
        ("train_accuracy - test_accuracy", REAL),
        ("test_accuracy * test_accuracy", REAL),
        ("1 / test_accuracy", REAL),
        ("log(test_accuracy)", REAL),
        ("0 * test_rmse", REAL),
        ("test_accuracy / 0", REAL),
        ("epochs_run * ceil(n_train / 64)", REAL),
        ("(", REAL),
    ],
)
def test_bounds_of_an_expression(expression, bounds):
    assert expression_bounds(expression, {}) == bounds


def test_a_reading_has_the_bounds_of_its_column():
    readings = {"found": Reading("ood.csv", "auroc")}
    assert metric_bounds(StudyMetric("m", "100 * found", "AUROC, %", readings=readings)) == (0, 100)


def test_a_ratio_is_positive():
    assert metric_bounds(StudyMetric("m", "100 * (1 - test_accuracy)", "ratio", relative="a")) == POSITIVE
