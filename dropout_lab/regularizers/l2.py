"""L2: half the sum of squared weights as a term of the loss (ridge; Krogh and Hertz 1991).

Its gradient passes through the optimizer: under Adam a weight with large gradients is shrunk less. Decoupled weight
decay (Loshchilov and Hutter 2019, AdamW) shrinks every weight by the same factor outside the optimizer. Under plain
SGD the two agree up to the learning rate, and this one equals ``weight_decay=strength`` of ``torch.optim.SGD`` if
that is given the weights only.
"""

from collections.abc import Mapping

from torch import Tensor


def penalty(weights: Mapping[str, Tensor], strength: Tensor) -> Tensor:
    """strength / 2 * sum w^2, for each model.

    Args:
        weights: the weights (no biases), each [M, ...].
        strength: [M].

    Returns:
        [M]. Its gradient is strength * w.
    """
    return strength / 2 * sum(w.square().flatten(1).sum(1) for w in weights.values())
