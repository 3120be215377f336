"""Statistical power: the smallest difference between two arms that a number of seeds detects."""

import math

from scipy.special import chdtri, nctdtr, stdtrit

from dropout_lab.stats.paired import smallest_p

WANTED = 0.8


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


def detectable_effect(n: int, level: float = 0.05, wanted: float = WANTED) -> float | None:
    """Return the effect (Cohen's d) that :class:`dropout_lab.stats.mean_test.MeanTest` detects with the wanted power.

    The effect is that of the t-test, increased by ``(9.7 log(1 / level) - 10) / n ** 2`` of its value. The increase was
    fitted to simulated normal values of 6 to 30 pairs at the levels 0.05, 0.007 and 0.0025, and is within 6 % of them
    where the power is 0.8; scripts/simulate_tests prints them.

    Args:
        n: number of pairs.
        level: significance level of the test.
        wanted: power, the probability of detecting the effect.

    Returns:
        The effect; None if so few pairs cannot reach the level at all.
    """
    if n < 2 or smallest_p(n) > level:
        return None
    low, high = 0.0, 2 * (stdtrit(n - 1, 1 - level / 2) + 2) / math.sqrt(n)
    for _ in range(40):
        middle = (low + high) / 2
        reached = power(middle, n, level)
        low, high = (low, middle) if not reached < wanted else (middle, high)  # far out, scipy's function is nan
    return float(high) * (1 + max(0.0, -9.7 * math.log(level) - 10) / n**2)


def detectable_range(deviation: float, n: int, level: float = 0.05, wanted: float = WANTED) -> tuple[float, float]:
    """Return the range of the smallest difference that n pairs detect with the wanted power.

    The range comes from the 95 % confidence interval of the standard deviation, for normal differences. It does not
    depend on the difference that was observed.

    Args:
        deviation: standard deviation of the n paired differences.
        n: number of pairs.
        level: significance level of the test.
        wanted: power, the probability of detecting the difference.

    Returns:
        Both ends; nan if so few pairs cannot reach the level at all, or if the differences do not vary.
    """
    effect = detectable_effect(n, level, wanted)
    if effect is None or not deviation > 0:
        return math.nan, math.nan
    low, high = (deviation * math.sqrt((n - 1) / float(chdtri(n - 1, tail))) for tail in (0.025, 0.975))
    return effect * low, effect * high
