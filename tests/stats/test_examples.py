"""Classifiers compared on shared test examples."""

import numpy as np
import pytest
from scipy import stats

from dropout_lab.stats.example_tests import compare_over_examples, mcnemar


def pair(only_first, only_second, both=50, neither=5):
    first = [True] * (only_first + both) + [False] * (only_second + neither)
    second = [False] * only_first + [True] * (both + only_second) + [False] * neither
    return np.array(first), np.array(second)


@pytest.mark.parametrize(("b", "c"), [(0, 3), (4, 15), (9, 9), (30, 12), (0, 0)])
def test_mcnemar_is_the_binomial_test_of_the_disagreements(b, c):
    found = mcnemar(*pair(b, c))
    assert found[:2] == (b, c)
    assert found.p == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1.0)


def test_the_compare_over_examples_is_the_t_test_of_the_mean_differences():
    random = np.random.default_rng(0)
    first, second = random.random((4, 300)) < 0.9, random.random((4, 300)) < 0.85
    found = compare_over_examples(first, second)
    difference = (first.astype(float) - second).mean(0)
    assert found.p == pytest.approx(stats.ttest_1samp(difference, 0).pvalue)
    assert found.first - found.second == pytest.approx(difference.sum())
    assert compare_over_examples(first, first).p == 1.0


def test_with_one_seed_both_tests_agree_about_many_examples():
    first, second = pair(60, 35, both=900)
    assert compare_over_examples(first[None], second[None]).p == pytest.approx(mcnemar(first, second).p, abs=0.01)


def test_other_examples_are_refused():
    with pytest.raises(ValueError, match="the same examples"):
        mcnemar([True], [True, False])
    with pytest.raises(ValueError, match="the same examples"):
        compare_over_examples([[]], [[]])
