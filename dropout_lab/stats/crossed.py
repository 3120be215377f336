"""Interval of a mean over two crossed samples: every training seed is measured on every test example."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from dropout_lab.stats.intervals import LEAST, Interval


def crossed_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean of crossed values with its interval over other seeds and other examples.

    The variance of the mean comes from the two-way analysis of variance with random effects of seeds and examples and
    one value per cell (Searle, Casella and McCulloch 1992, Variance Components, section 4.3):
    ``(MS_seeds + MS_examples - MS_residual) / (S * N)``, but at least that over seeds alone and over examples
    alone. The degrees of freedom are Satterthwaite's. In simulations with 5 to 20 seeds and 300 examples, the 95 %
    interval covers the true difference in 91.7 to 99.5 % of the samples (``tests/stats/test_crossed.py``).

    Args:
        values: [S, N], one value per seed and example, such as the difference of two arms' hits.
        level: coverage of the interval.

    Returns:
        The mean with its interval and n = S; without an interval for fewer than
        :data:`dropout_lab.stats.intervals.LEAST` seeds or examples, and for equal values.
    """
    data = np.asarray(values, dtype=float)
    seeds, examples = data.shape
    mean = float(data.mean())
    if min(seeds, examples) < LEAST or np.ptp(data) == 0:
        return Interval(mean, math.nan, math.nan, seeds)
    rows, columns = data.mean(1), data.mean(0)
    freedom = np.array([seeds - 1, examples - 1, (seeds - 1) * (examples - 1)], dtype=float)
    residual = data - rows[:, None] - columns + mean
    squares = np.array([examples * rows.var(ddof=1), seeds * columns.var(ddof=1), (residual**2).sum() / freedom[2]])
    signs = np.array([1.0, 1.0, -1.0])
    if signs @ squares < squares[:2].max():
        signs = np.array([1.0, 0.0, 0.0]) if squares[0] > squares[1] else np.array([0.0, 1.0, 0.0])
    total = float(signs @ squares)
    satterthwaite = total**2 / float((signs**2 * squares**2 / freedom).sum())
    half = float(stdtrit(satterthwaite, (1 + level) / 2)) * math.sqrt(total / (seeds * examples))
    return Interval(mean, mean - half, mean + half, seeds)
