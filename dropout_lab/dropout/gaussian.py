"""Multiplicative Gaussian noise with the mean and variance of an inverted drop mask."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import noise_std, per_model, sample_normal
from dropout_lab.rng import Randomness


def gaussian(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Multiply each element by an independent draw from N(1, rate / (1 - rate)).

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop rate in [0, 1] of the Bernoulli mask of equal variance; at rate 1, where the variance is infinite,
            all elements are zeroed.
        random: source of the noise.

    Returns:
        tensor of the shape of x, with the same expectation.

    Source:
        Srivastava et al. 2014, JMLR 15, section 10.
    """
    rate = per_model(rate, x)
    noise = sample_normal(random.bits(x.shape), x)
    return x * (1 + noise_std(rate) * noise) * (rate < 1)


class Gaussian(Dropout):
    """Gaussian dropout as a module, see :func:`gaussian`; the identity in eval mode."""

    kind: ClassVar[str] = "gaussian"
    zeroing: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return gaussian(x, rate, random)
