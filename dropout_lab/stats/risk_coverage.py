"""Selective prediction: risk-coverage curve and the area under it (AURC)."""

import numpy as np


def risk_curve(uncertainty: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return the mean error of the k most certain examples, for k = 1 ... N (El-Yaniv and Wiener 2010, JMLR).

    Each of several examples with equal uncertainty counts with their mean error, so that their order does not matter.

    Args:
        uncertainty: [N].
        wrong: [N], 1 or True where the prediction is wrong; or any other loss.

    Returns:
        [N]; the coverage of entry i is (i + 1) / N.
    """
    order = np.argsort(uncertainty, kind="stable")
    _, group, count = np.unique(uncertainty[order], return_inverse=True, return_counts=True)
    each = (np.bincount(group, np.asarray(wrong, dtype=float)[order]) / count)[group]
    return np.cumsum(each) / np.arange(1, len(each) + 1)


def aurc(uncertainty: np.ndarray, wrong: np.ndarray) -> float:
    """Return the area under the risk-coverage curve, the mean of :func:`risk_curve` (Geifman et al. 2019, ICLR)."""
    return float(risk_curve(uncertainty, wrong).mean())
