"""Two arms compared in pairs: each seed trains both on the same division, initial weights and order."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

EXACT = 16  # pairs up to which every pattern of signs is tried
DRAWS = 99_999  # patterns that stand for all of them beyond
_CHUNK = 2**24  # sums held at once


def sign_flip(differences: ArrayLike, seed: int = 0) -> np.ndarray:
    """Two-sided p-values of the paired sign-flip test (Fisher's randomisation test of paired differences).

    If neither arm is better, each difference is as likely to have the other sign. The p-value is the part of all
    patterns of signs whose mean is at least as far from 0 as the one seen: exact up to 16 pairs, where it is at least
    ``2 ** (1 - n)``; from 99,999 drawn patterns beyond, with the one seen counted among them (Phipson and Smyth 2010).

    Args:
        differences: [..., n], n >= 1, all finite.
        seed: of the drawn patterns.

    Returns:
        p-values [...].

    Raises:
        ValueError: no pair, or a difference that is not finite.
    """
    data = np.asarray(differences, dtype=float)
    if data.ndim == 0 or data.shape[-1] == 0 or not np.isfinite(data).all():
        raise ValueError("a paired test needs at least one pair, all differences finite")
    n = data.shape[-1]
    flat = data.reshape(-1, n)
    signs = _every(n) if n <= EXACT else _drawn(n, seed)
    # Accuracies differ by whole examples, so that equal sums are common; rounding must not decide about them.
    seen = np.abs(flat.sum(1)) - 1e-9 * np.abs(flat).sum(1)
    width = max(1, _CHUNK // len(signs))
    reached = [
        (np.abs(signs @ flat[i : i + width].T) >= seen[i : i + width]).sum(0) for i in range(0, len(flat), width)
    ]
    counts = np.concatenate(reached) if reached else np.zeros(0)
    found = counts / len(signs) if n <= EXACT else (counts + 1) / (len(signs) + 1)
    return found.reshape(data.shape[:-1])


def smallest_p(n: int) -> float:
    """The smallest p-value that :func:`sign_flip` can give for n pairs."""
    return max(2.0 ** (1 - n), 0.0 if n <= EXACT else 1 / (DRAWS + 1))


@lru_cache(maxsize=4)
def _every(n: int) -> np.ndarray:
    """Every pattern of signs whose first is +; the others are their mirror images. [2 ** (n - 1), n]."""
    bits = np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)[None, :] & 1
    return np.concatenate([np.ones((len(bits), 1)), 1.0 - 2 * bits], axis=1)


@lru_cache(maxsize=4)
def _drawn(n: int, seed: int) -> np.ndarray:
    return 1.0 - 2 * np.random.default_rng(seed).integers(0, 2, (DRAWS, n), dtype=np.int8)


def effect_size(differences: ArrayLike) -> float:
    """Cohen's d of paired differences: their mean over their standard deviation (Cohen 1988, section 2.3.5).

    Args:
        differences: [n]. A single one has no deviation, and the effect is nan; equal ones that are not 0 have an
            infinite effect.
    """
    data = np.asarray(differences, dtype=float)
    if data.size < 2:
        return math.nan
    mean, deviation = float(data.mean()), float(data.std(ddof=1))
    if deviation <= 1e-12 * np.abs(data).max():
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / deviation


def win_rate(differences: ArrayLike) -> float:
    """The part of the pairs [n] in which the difference is positive; a tie counts half."""
    data = np.asarray(differences, dtype=float)
    return float((data > 0).mean() + (data == 0).mean() / 2)
