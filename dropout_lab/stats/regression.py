"""Regression metrics of Gal and Ghahramani (2016, ICML): log-likelihood of a predictive mixture and its precision."""

import math

import numpy as np

# Candidate precisions, as multiples of 1 / (mean squared error on the validation set). The grid extends further upwards
# than downwards: the error includes the spread of the mixture, so the noise precision is usually higher.
MULTIPLES = 2.0 ** np.arange(-2, 6.01, 0.25)


def rmse(mean: np.ndarray, y: np.ndarray) -> float:
    """Return the root mean squared error."""
    return float(np.sqrt(np.square(mean - y).mean()))


def determination(predictions: np.ndarray, y: np.ndarray) -> float:
    """Return R2, the fraction of the variance of the target that the predictions explain, averaged over the targets.

    It is negative where the predictions are worse than the mean. As in scikit-learn, a constant target counts 1 if it
    is predicted exactly and 0 otherwise.

    Args:
        predictions: [N], or [N, K] for K targets.
        y: targets of the same shape; the result is NaN for a single example.
    """
    if len(y) < 2:
        return math.nan
    rest, total = np.square(predictions - y).sum(0), np.square(y - y.mean(0)).sum(0)
    explained = 1 - rest / np.where(total > 0, total, 1)
    return float(np.where(total > 0, explained, rest == 0).mean())


def log_likelihood(predictions: np.ndarray, y: np.ndarray, precision: float) -> float:
    """Return the mean log-likelihood per example of the mixture over T passes, in nats.

    Args:
        predictions: predictions of T passes, [T, N], in the unit of y.
        y: targets, [N].
        precision: tau, the inverse variance of the noise.
    """
    exponents = -precision / 2 * np.square(predictions - y)
    most = exponents.max(0)
    log = most + np.log(np.exp(exponents - most).mean(0))
    return float((log - math.log(2 * math.pi) / 2 + math.log(precision) / 2).mean())


def weight_decay(length_scale: float, rate: float, examples: int, precision: float) -> float:
    """Return the value of ``regularizer.l2`` that corresponds to a normal prior of this length scale on the weights.

    The paper adds the penalty l^2 (1 - p) / (2 N tau) times sum w^2 to the mean squared error (section 3). The penalty
    of ``regularizer.l2`` is l2 / 2 times sum w^2.

    Args:
        length_scale: l.
        rate: p, the drop probability.
        examples: N, the number of training examples.
        precision: tau, in the unit of the unscaled target. The authors' code uses this unit here as well, although it
            standardizes the target.
    """
    return length_scale**2 * (1 - rate) / (examples * precision)
