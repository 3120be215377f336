"""How good the probabilities of a classifier are.

Everywhere: probabilities [N, K], true classes [N].
"""

from dataclasses import dataclass

import numpy as np


def accuracy(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Fraction whose most probable class is the true one."""
    return float((probabilities.argmax(1) == classes).mean())


def mean_nll(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Mean negative log-probability of the true class, in nats; probabilities below 1e-300 count as that."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(classes)), classes], 1e-300)).mean())


def brier(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """Mean squared distance to the true class as a unit vector, summed over classes: 0 to 2 (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[classes]
    return float(np.square(probabilities - truth).sum(1).mean())


@dataclass(frozen=True)
class Bins:
    """Examples by confidence, the probability of the most probable class; only bins that hold some.

    Args:
        number: place of each bin among all bins, from 0, [n].
        low, high: bounds of the confidence in each bin, [n].
        count: examples, [n].
        confidence, accuracy: means, [n].
    """

    number: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap of accuracy and confidence, bins weighed by their examples."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((gaps * self.count).sum() / self.count.sum())


def equal_width(probabilities: np.ndarray, classes: np.ndarray, bins: int) -> Bins:
    """Bins (0, 1/n], (1/n, 2/n], ... (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML, section 2)."""
    confidence = probabilities.max(1)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    edges = np.arange(bins + 1) / bins
    return _bins(confidence, probabilities.argmax(1) == classes, place, edges[:-1], edges[1:])


def equal_mass(probabilities: np.ndarray, classes: np.ndarray, bins: int) -> Bins:
    """Bins of equally many examples, within one, in the order of their confidence: adaptive calibration error
    (Nguyen and O'Connor 2015, EMNLP; Nixon et al. 2019, CVPR workshops)."""
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
