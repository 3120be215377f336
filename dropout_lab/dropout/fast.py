"""Fast dropout: the pre-activations that unit dropout would give are drawn from their normal approximation."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.weight_dropout import GaussianWeightDropout
from dropout_lab.rng import Randomness


def fast(
    operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float, random: Randomness
) -> Tensor:
    """A layer as inverted dropout of its inputs would make it, if the sum over inputs were normally distributed.

    A pre-activation sum_i x_i w_i of dropped inputs has mean sum_i x_i w_i and variance rate / (1 - rate) sum_i
    (x_i w_i)^2; one normal number a pre-activation is drawn instead of one mask element an input.

    Args:
        operation: the layer's linear map.
        x: its input, [M, B, ...].
        weight, bias: [M, ...].
        rate: drop probability of the inputs that is approximated, one for all or [M], in [0, 1]; at 1 all weights are
            zero.
        random: source of the noise.

    Returns:
        the layer's output, of the expectation of the layer without dropout.

    Source:
        Wang and Manning 2013, ICML, section 3.1, the sampled form. Units of one layer get independent noise, which
        the paper assumes too.
    """
    return Fast().product(operation, x, weight, bias, rate, random)


class Fast(GaussianWeightDropout):
    """Fast dropout of a layer's input as a module around the layer, see :func:`fast`; the layer itself in eval mode."""

    kind: ClassVar[str] = "fast"
