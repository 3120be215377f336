"""How many seeds it takes to tell two arms apart."""

import math

from scipy.special import nctdtr, stdtrit

from dropout_lab.stats.paired import smallest_p

MOST = 10_000


def power(effect: float, n: int, level: float = 0.05) -> float:
    """The probability that a two-sided paired t-test with n pairs sees an effect, from the noncentral t distribution.

    Args:
        effect: mean of the differences over their standard deviation.
        n: pairs, at least 2.
        level: of the test.
    """
    shift, bound = abs(effect) * math.sqrt(n), stdtrit(n - 1, 1 - level / 2)
    return float(1 - nctdtr(n - 1, shift, bound) + nctdtr(n - 1, shift, -bound))


def least_pairs(level: float = 0.05) -> int | None:
    """The fewest pairs with which the sign-flip test can reach a level at all; None if its drawn patterns cannot."""
    return next((n for n in range(2, 64) if smallest_p(n) <= level), None)


def pairs_needed(effect: float, level: float = 0.05, wanted: float = 0.8) -> int | None:
    """The fewest pairs (seeds) that show an effect of this size at a level with the wanted power.

    It is the number for the t-test, whose power the sign-flip test has but for very few pairs, and at least what the
    sign-flip test needs to reach the level at all.

    Returns:
        None if about 10,000 would not be enough.
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
    while high - low > 1:  # power rises with n; far above what is needed scipy's function has no value
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, level) >= wanted else (middle, high)
    return high
