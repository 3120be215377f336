"""Two classifiers compared on the test examples that they share."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, stdtr


class Disagreement(NamedTuple):
    """Where two classifiers differ.

    Args:
        first, second: test examples that only this one gets right; means over seeds if there are several.
        p: two-sided.
    """

    first: float
    second: float
    p: float


def mcnemar(first: ArrayLike, second: ArrayLike) -> Disagreement:
    """McNemar's exact test of two networks (McNemar 1947, Psychometrika 12): if they are equally good, an example that
    only one gets right is as likely to be the other's.

    Args:
        first, second: [N], whether each example is right.

    Raises:
        ValueError: they are not about the same examples.
    """
    a, b = _shared(first, second)
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5))) if only_a + only_b else 1.0
    return Disagreement(only_a, only_b, p)


def test_over_examples(first: ArrayLike, second: ArrayLike) -> Disagreement:
    """A t-test over test examples of the difference that two arms make on each, averaged over seeds.

    Its n is the number of test examples, so that it speaks about other examples of the same kind, and of these seeds
    only; a test over seeds is the other way round.

    Args:
        first, second: [S, N], whether each seed's network gets each example right.

    Raises:
        ValueError: they are not about the same examples.
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
        raise ValueError("two classifiers are compared on the same examples, of which there is at least one")
    return a, b
