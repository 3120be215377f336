"""Fast dropout: pre-activations are drawn from the normal approximation of their distribution under dropout."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.weight_dropout import GaussianWeightDropout
from dropout_lab.rng import Randomness


def fast(
    operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float, random: Randomness
) -> Tensor:
    """Apply a layer whose pre-activations are drawn from the normal approximation of inverted dropout of its inputs.

    Under inverted dropout of the inputs, a pre-activation sum_i x_i w_i has mean sum_i x_i w_i and variance
    rate / (1 - rate) sum_i (x_i w_i)^2. One normal number per pre-activation is drawn instead of one mask element per
    input.

    Args:
        operation: linear map of the layer.
        x: input of the layer, [M, B, ...].
        weight, bias: [M, ...].
        rate: drop probability of the approximated input dropout, a number or [M], in [0, 1]; at rate 1 all weights are
            zeroed.
        random: source of the noise.

    Returns:
        output of the layer, with the expectation of the layer without dropout.

    Source:
        Wang and Manning 2013, ICML, section 3.1, the sampled form. The noise of the units of one layer is independent,
        as the paper assumes.
    """
    return Fast().product(operation, x, weight, bias, rate, random)


class Fast(GaussianWeightDropout):
    """Fast dropout of a layer's input as a module around the layer, see :func:`fast`; unchanged in eval mode."""

    kind: ClassVar[str] = "fast"
