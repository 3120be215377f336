"""The functions behind the metrics that ``metrics=`` requests, one per metric and registered by its name.

A function takes the predictions and the targets of all examples of a split:

* classification: probabilities [N, K] and classes [N];
* regression: predictions and targets, [N], or [N, K] for K targets, in the unit of the data.

It returns NaN where the metric is undefined; call it through :func:`compute`. The functions agree with scikit-learn but
do not warn, and a class without examples makes ``average_precision`` undefined instead of 0 or 1.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from dropout_lab.stats import calibration, regression

MetricFunction = Callable[[np.ndarray, np.ndarray], float]
FUNCTIONS: dict[str, MetricFunction] = {}
BINS = 15  # of the calibration error, as in an evaluation with the default infer.bins


def _metric(function: MetricFunction) -> MetricFunction:
    """Register a function under its name."""
    FUNCTIONS[function.__name__] = function
    return function


def compute(name: str, predicted: np.ndarray, y: np.ndarray) -> float:
    """Return a metric of the predictions of a split; NaN if it is undefined or a prediction is not finite."""
    return FUNCTIONS[name](predicted, y) if np.isfinite(predicted).all() else np.nan


def count_confusions(predicted: np.ndarray, classes: np.ndarray, outputs: int) -> np.ndarray:
    """Return the confusion matrix [K, K]: how many examples of each true class (row) have each predicted class.

    Args:
        predicted: predicted classes [N].
        classes: true classes [N].
        outputs: number of classes K.
    """
    return np.bincount(classes * outputs + predicted, minlength=outputs**2).reshape(outputs, outputs)


def _confusions(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    return count_confusions(p.argmax(1), y, p.shape[1])


@_metric
def balanced_accuracy(p: np.ndarray, y: np.ndarray) -> float:
    """Return the mean over classes of the fraction of their examples that are predicted correctly."""
    counts = _confusions(p, y)
    total = counts.sum(1)
    return float((np.diag(counts)[total > 0] / total[total > 0]).mean())


@_metric
def f1(p: np.ndarray, y: np.ndarray) -> float:
    """Return the mean over classes of the harmonic mean of precision and recall."""
    counts = _confusions(p, y)
    total = counts.sum(0) + counts.sum(1)  # twice the right ones, and the wrong ones
    return float((2 * np.diag(counts)[total > 0] / total[total > 0]).mean())


@_metric
def auroc(p: np.ndarray, y: np.ndarray) -> float:
    """Return the area under the ROC curve: the probability that an example of a class ranks above another example."""
    return _over_classes(_auroc_of_one, p, y)


@_metric
def average_precision(p: np.ndarray, y: np.ndarray) -> float:
    """Return the mean of the precision over the steps of the recall."""
    return _over_classes(_precision_of_one, p, y)


def _over_classes(function: MetricFunction, p: np.ndarray, y: np.ndarray) -> float:
    """Return the value for the second of two classes, or the mean over classes, each against all others."""
    classes = [1] if p.shape[1] == 2 else range(p.shape[1])
    return float(np.mean([function(p[:, k], y == k) for k in classes]))


def _auroc_of_one(scores: np.ndarray, positive: np.ndarray) -> float:
    n, others = positive.sum(), (~positive).sum()
    if not n or not others:
        return np.nan
    return float((rankdata(scores)[positive].sum() - n * (n + 1) / 2) / (n * others))  # Mann and Whitney 1947


def _precision_of_one(scores: np.ndarray, positive: np.ndarray) -> float:
    if not positive.any() or positive.all():
        return np.nan
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # examples with equal scores are accepted together
    hits, accepted = np.cumsum(positive[order])[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * hits / accepted).sum() / positive.sum())


@_metric
def nll(p: np.ndarray, y: np.ndarray) -> float:
    """Return the mean negative log-probability of the true class, in nats."""
    return calibration.mean_nll(p, y)


@_metric
def ece(p: np.ndarray, y: np.ndarray) -> float:
    """Return the expected calibration error over :data:`BINS` bins of equal width."""
    return calibration.equal_width(p, y, BINS).error


@_metric
def mae(predicted: np.ndarray, y: np.ndarray) -> float:
    """Return the mean absolute error."""
    return float(np.abs(predicted - y).mean())


@_metric
def r2(predicted: np.ndarray, y: np.ndarray) -> float:
    """Return the coefficient of determination, averaged over the targets."""
    return regression.determination(predicted, y)
