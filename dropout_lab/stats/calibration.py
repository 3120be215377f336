"""Quality of the predicted probabilities of a classifier.

All functions take probabilities [N, K] and true classes [N] for N examples and K classes.
"""

from dataclasses import dataclass

import numpy as np


def accuracy(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Return the fraction of examples whose most probable class is the true one."""
    return float((probabilities.argmax(1) == classes).mean())


def mean_nll(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Return the mean negative log-probability of the true class, in nats; probabilities are clipped to 1e-300."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(classes)), classes], 1e-300)).mean())


def brier(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Return the Brier score: the squared distance to the one-hot true class, summed over classes and averaged over
    examples, from 0 to 2 (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[classes]
    return float(np.square(probabilities - truth).sum(1).mean())


@dataclass(frozen=True)
class Bins:
    """Examples binned by confidence, the probability of the most probable class; empty bins are left out.

    Args:
        number: index of each bin among all bins, starting at 0, [n].
        low, high: bounds of the confidence in each bin, [n].
        count: number of examples in each bin, [n].
        confidence, accuracy: means over the examples of each bin, [n].
    """

    number: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean absolute gap between accuracy and confidence, weighted by count."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((gaps * self.count).sum() / self.count.sum())


def equal_width(probabilities: np.ndarray, classes: np.ndarray, bins: int) -> Bins:
    """Bin the examples into the intervals (0, 1/n], (1/n, 2/n], ... of the confidence, n = ``bins``.

    Naeini et al. 2015, AAAI; Guo et al. 2017, ICML, section 2.
    """
    confidence = probabilities.max(1)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    edges = np.arange(bins + 1) / bins
    return _bins(confidence, probabilities.argmax(1) == classes, place, edges[:-1], edges[1:])


def equal_mass(probabilities: np.ndarray, classes: np.ndarray, bins: int) -> Bins:
    """Bin the examples, sorted by confidence, into bins whose sizes differ by at most one.

    The error of these bins is the adaptive calibration error (Nguyen and O'Connor 2015, EMNLP; Nixon et al. 2019, CVPR
    workshops).
    """
    confidence = probabilities.max(1)
    order = np.argsort(confidence, kind="stable")
    bins = min(bins, len(order))
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order)) * bins // len(order)
    low, high = (np.array([f(confidence[place == i]) for i in range(bins)]) for f in (np.min, np.max))
    return _bins(confidence, probabilities.argmax(1) == classes, place, low, high)


def _bins(confidence: np.ndarray, right: np.ndarray, place: np.ndarray, low: np.ndarray, high: np.ndarray) -> Bins:
    count = np.bincount(place, minlength=len(low))
    there = count > 0
    means = [np.bincount(place, values, len(low))[there] / count[there] for values in (confidence, right)]
    return Bins(np.flatnonzero(there), low[there], high[there], count[there], *means)
