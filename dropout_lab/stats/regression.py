"""Regression as Gal and Ghahramani (2016, ICML) judge it: log-likelihoods of a mixture, and its precision."""

import math

import numpy as np

# Precisions to choose among, as multiples of 1 over the mean squared error on the validation part. The error has the
# spread of the mixture in it as well, so the noise is rather less: the precision rather more.
MULTIPLES = 2.0 ** np.arange(-2, 6.01, 0.25)


def rmse(mean: np.ndarray, y: np.ndarray) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.square(mean - y).mean()))


def log_likelihood(predictions: np.ndarray, y: np.ndarray, precision: float) -> float:
    """Mean log-likelihood of an example, in nats.

    Args:
        predictions: of T passes, [T, N], in the unit of y.
        y: [N].
        precision: tau, 1 over the variance of the noise.
    """
    exponents = -precision / 2 * np.square(predictions - y)
    most = exponents.max(0)
    log = most + np.log(np.exp(exponents - most).mean(0))
    return float((log - math.log(2 * math.pi) / 2 + math.log(precision) / 2).mean())


def weight_decay(length_scale: float, rate: float, examples: int, precision: float) -> float:
    """``regularizer.l2`` that stands for a normal prior of this length scale on the weights.

    The paper's penalty l^2 (1 - p) / (2 N tau) times sum w^2 (section 3) is added to the mean squared error, and ours
    is l2 / 2 times it.

    Args:
        length_scale: l.
        rate: p, the drop probability.
        examples: N, that are trained on.
        precision: tau; the authors' code takes that of the target's own unit here too, though it scales the target.
    """
    return length_scale**2 * (1 - rate) / (examples * precision)
