"""Paired comparison of two arms: a seed gives both arms the same data split, initial weights and batch order."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

EXACT = 16  # maximum number of pairs for which all sign patterns are enumerated
DRAWS = 99_999  # number of random sign patterns for more pairs
_CHUNK = 2**24  # maximum number of sums in memory


def sign_flip(differences: ArrayLike, seed: int = 0) -> np.ndarray:
    """Return two-sided p-values of the paired sign-flip test (Fisher's randomisation test of paired differences).

    Under the null hypothesis that neither arm is better, each difference is equally likely to have either sign. The
    p-value is the fraction of sign patterns whose mean is at least as far from 0 as the observed mean. For up to 16
    pairs, all patterns are enumerated, and the p-value is at least ``2 ** (1 - n)``. For more pairs, 99,999 patterns
    are drawn at random, and the observed pattern is counted in addition (Phipson and Smyth 2010).

    Args:
        differences: [..., n], n >= 1, all finite.
        seed: seed of the random patterns.

    Returns:
        p-values [...].

    Raises:
        ValueError: there are no pairs, or a difference is not finite.
    """
    data = np.asarray(differences, dtype=float)
    if data.ndim == 0 or data.shape[-1] == 0 or not np.isfinite(data).all():
        raise ValueError("a paired test needs at least one pair, all differences finite")
    n = data.shape[-1]
    flat = data.reshape(-1, n)
    signs = _every(n) if n <= EXACT else _drawn(n, seed)
    # Accuracies differ by whole examples, so ties are common; the tolerance keeps rounding from deciding them.
    seen = np.abs(flat.sum(1)) - 1e-9 * np.abs(flat).sum(1)
    width = max(1, _CHUNK // len(signs))
    reached = [
        (np.abs(signs @ flat[i : i + width].T) >= seen[i : i + width]).sum(0) for i in range(0, len(flat), width)
    ]
    counts = np.concatenate(reached) if reached else np.zeros(0)
    p = counts / len(signs) if n <= EXACT else (counts + 1) / (len(signs) + 1)
    return p.reshape(data.shape[:-1])


def smallest_p(n: int) -> float:
    """Return the smallest p-value that :func:`sign_flip` can give for n pairs."""
    return max(2.0 ** (1 - n), 0.0 if n <= EXACT else 1 / (DRAWS + 1))


@lru_cache(maxsize=4)
def flip_patterns(n: int) -> tuple[np.ndarray, bool]:
    """Return the sign patterns of :func:`sign_flip` for n pairs.

    Returns:
        which signs are flipped, 0 or 1, float64 [patterns, n], without the complement of each pattern; and whether the
        patterns were drawn at random, so that the observed pattern is counted in addition.
    """
    signs = _every(n) if n <= EXACT else _drawn(n, 0)
    return (signs < 0).astype(float), n > EXACT


@lru_cache(maxsize=4)
def _every(n: int) -> np.ndarray:
    """Return all sign patterns whose first sign is +, [2 ** (n - 1), n].

    The other patterns are their negations and give the same absolute means.
    """
    bits = np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)[None, :] & 1
    return np.concatenate([np.ones((len(bits), 1)), 1.0 - 2 * bits], axis=1)


@lru_cache(maxsize=4)
def _drawn(n: int, seed: int) -> np.ndarray:
    return 1.0 - 2 * np.random.default_rng(seed).integers(0, 2, (DRAWS, n), dtype=np.int8)


def effect_size(differences: ArrayLike) -> float:
    """Return Cohen's d of paired differences: their mean over their standard deviation (Cohen 1988, section 2.3.5).

    Args:
        differences: [n].

    Returns:
        The effect size; nan for a single difference, infinite for equal differences other than 0, and 0 if all
        differences are 0.
    """
    data = np.asarray(differences, dtype=float)
    if data.size < 2:
        return math.nan
    mean, deviation = float(data.mean()), float(data.std(ddof=1))
    if deviation <= 1e-12 * np.abs(data).max():
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / deviation


def win_rate(differences: ArrayLike) -> float:
    """Return the fraction of the differences [n] that are positive; a tie counts half."""
    data = np.asarray(differences, dtype=float)
    return float((data > 0).mean() + (data == 0).mean() / 2)


def holm(p: ArrayLike) -> np.ndarray:
    """Return Holm's adjusted p-values (Holm 1979, Scandinavian Journal of Statistics 6).

    If every hypothesis whose adjusted p-value is at most ``level`` is rejected, the probability of one or more false
    rejections is at most ``level``, whatever the dependence between the tests.

    Args:
        p: [m] p-values.

    Returns:
        [m] adjusted p-values, in the same order.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def holm_levels(p: ArrayLike, level: float = 0.05) -> np.ndarray:
    """Return the level at which Holm's method decides each hypothesis.

    Holm's method compares the smallest p-value with ``level / m``, the next one with ``level / (m - 1)`` and so on, up
    to the first one that is not rejected; all others are decided at the level of that one. A p-value is at most this
    level exactly if its adjusted p-value is at most ``level``.

    Args:
        p: [m] p-values.
        level: level of the family.

    Returns:
        [m] levels, in the same order.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = level / np.arange(len(values), 0, -1)
    kept = values[order] > steps
    if kept.any():
        steps[kept.argmax() :] = steps[kept.argmax()]
    levels = np.empty_like(values)
    levels[order] = steps
    return levels
