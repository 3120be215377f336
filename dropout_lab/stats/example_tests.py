"""Tests that compare two classifiers on the same test examples."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, stdtr


class Disagreement(NamedTuple):
    """Disagreement of two classifiers.

    Args:
        first, second: number of test examples that only this classifier predicts correctly; mean over seeds if there
            are several.
        p: two-sided p-value.
    """

    first: float
    second: float
    p: float


def mcnemar(first: ArrayLike, second: ArrayLike) -> Disagreement:
    """Compare two networks with McNemar's exact test (McNemar 1947, Psychometrika 12).

    Under the null hypothesis, an example that only one network predicts correctly is equally likely to belong to
    either network.

    Args:
        first, second: [N], whether each example is predicted correctly.

    Raises:
        ValueError: the shapes differ, or there are no examples.
    """
    a, b = _shared(first, second)
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5))) if only_a + only_b else 1.0
    return Disagreement(only_a, only_b, p)


def compare_over_examples(first: ArrayLike, second: ArrayLike) -> Disagreement:
    """Compare two arms with a paired t-test over test examples; the difference of each example is averaged over seeds.

    The sample size is the number of test examples, so the result generalizes to other examples of the same
    distribution, but not to other seeds. A test over seeds generalizes to other seeds, but not to other examples.

    Args:
        first, second: [S, N], whether the network of each of S seeds predicts each of N examples correctly.

    Raises:
        ValueError: the shapes differ, or there are no examples.
    """
    a, b = _shared(first, second)
    seeds, n = a.shape
    difference = (a.astype(float) - b).mean(0)
    only_a, only_b = float((a & ~b).sum() / seeds), float((~a & b).sum() / seeds)
    deviation = difference.std(ddof=1) if n > 1 else 0.0
    if deviation == 0:
        return Disagreement(only_a, only_b, 1.0)
    return Disagreement(only_a, only_b, float(2 * stdtr(n - 1, -abs(difference.mean()) / (deviation / math.sqrt(n)))))


def _shared(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or a.size == 0:
        raise ValueError("both classifiers need predictions for the same examples, and at least one example")
    return a, b
