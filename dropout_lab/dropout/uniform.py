"""Multiplicative uniform noise with the mean and variance of an inverted drop mask."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import noise_std, per_model
from dropout_lab.dropout.masks import sample_uniform as uniform_numbers
from dropout_lab.rng import Randomness


def uniform(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Multiply each element by an independent uniform draw of mean 1 and variance rate / (1 - rate).

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop rate in [0, 1] of the Bernoulli mask of equal variance; at rate 1 all elements are zeroed.
        random: source of the noise.

    Returns:
        tensor of the shape of x, with the same expectation. Above rate 1/4 some factors are negative.

    Source:
        the uniform case of continuous dropout, Shen et al. 2018, IEEE TNNLS 29. In the paper the noise is uniform on
        (0, 1) at every rate; here its variance is matched so that rates are comparable between variants.
    """
    rate = per_model(rate, x)
    noise = uniform_numbers(random.bits(x.shape), x) - 0.5
    return x * (1 + 12**0.5 * noise_std(rate) * noise) * (rate < 1)


class Uniform(Dropout):
    """Uniform noise as a module, see :func:`uniform`; the identity in eval mode."""

    kind: ClassVar[str] = "uniform"
    zeroing: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return uniform(x, rate, random)
