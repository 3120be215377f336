"""L1: the sum of absolute weights as a term of the loss (Tibshirani 1996, the lasso)."""

from collections.abc import Mapping

from torch import Tensor


def penalty(weights: Mapping[str, Tensor], strength: Tensor) -> Tensor:
    """strength * sum |w|, for each model.

    Args:
        weights: the weights (no biases), each [M, ...].
        strength: [M].

    Returns:
        [M]. Its gradient is strength * sign(w), and 0 where w is 0.
    """
    return strength * sum(w.abs().flatten(1).sum(1) for w in weights.values())
