"""Statistical power: the number of seeds that is needed to detect a difference between two arms."""

import math

from scipy.special import nctdtr, stdtrit

from dropout_lab.stats.paired import smallest_p

MOST = 10_000


def power(effect: float, n: int, level: float = 0.05) -> float:
    """Return the power of a two-sided paired t-test, from the noncentral t distribution.

    Args:
        effect: mean of the differences over their standard deviation (Cohen's d).
        n: number of pairs, at least 2.
        level: significance level of the test.
    """
    shift, bound = abs(effect) * math.sqrt(n), stdtrit(n - 1, 1 - level / 2)
    return float(1 - nctdtr(n - 1, shift, bound) + nctdtr(n - 1, shift, -bound))


def least_pairs(level: float = 0.05) -> int | None:
    """Return the smallest number of pairs with which the sign-flip test can reach a significance level.

    None if the number of random sign patterns is too small to reach the level.
    """
    return next((n for n in range(2, 64) if smallest_p(n) <= level), None)


def pairs_needed(effect: float, level: float = 0.05, wanted: float = 0.8) -> int | None:
    """Return the smallest number of pairs (seeds) that detects an effect with the wanted power.

    The number is computed for the paired t-test, whose power equals that of the sign-flip test except for very few
    pairs. It is at least the number of pairs that the sign-flip test needs to reach the level at all.

    Args:
        effect: mean of the differences over their standard deviation (Cohen's d).
        level: significance level of the test.
        wanted: power, the probability of detecting the effect.

    Returns:
        The number of pairs; None if about 10,000 pairs are not enough, the effect is 0 or nan, or the sign-flip test
        cannot reach the level.
    """
    least = least_pairs(level)
    if least is None or math.isnan(effect) or effect == 0:
        return None
    if math.isinf(effect):
        return least
    if power(effect, least, level) >= wanted:
        return least
    low, high = least, 2 * least
    while power(effect, high, level) < wanted:
        if high >= MOST:
            return None
        low, high = high, 2 * high
    while high - low > 1:  # bisection, because scipy's function gives nan far above the needed n
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, level) >= wanted else (middle, high)
    return high
