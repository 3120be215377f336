"""Dropout as in the original paper: no rescaling during training, multiplication by 1 - rate at test time."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import apply_mask, keep_probability, mask_factor, per_model, relu_dropout
from dropout_lab.rng import Randomness


def standard(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Zero each element with probability ``rate``, independently for each element.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at rate 1 all elements are zeroed.
        random: source of the mask's bits.

    Returns:
        tensor of the shape of x, with expectation (1 - rate) x.

    Source:
        Srivastava et al. 2014, JMLR 15, section 4.
    """
    return apply_mask(x, mask_factor(random.bits(x.shape), rate, x, rescaled=False))


def scale_by_keep(x: Tensor, rate: Tensor | float) -> Tensor:
    """Multiply every element by its keep probability, the test-time form (section 4, figure 2 of the paper)."""
    return x * keep_probability(per_model(rate, x))


class Standard(Dropout):
    """Dropout of the original paper as a module, see :func:`standard`; multiplies by 1 - rate in eval mode."""

    kind: ClassVar[str] = "standard"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return standard(x, rate, random)

    def rectified(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return relu_dropout(x, mask_factor(random.bits(x.shape), rate, x, rescaled=False))

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        return scale_by_keep(x, rate)
