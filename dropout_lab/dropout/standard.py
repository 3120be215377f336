"""Dropout as in the original paper: no rescaling during training, multiplication by 1 - rate at test time."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import apply_mask, keep_probability, mask_factor, per_model, relu_dropout
from dropout_lab.rng import Randomness
from dropout_lab.settings import Options, setting


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


@dataclass(frozen=True)
class StandardOptions(Options):
    """Options of the dropout of the original paper."""

    test_scale: str = setting(
        "keep",
        choices=("keep", "rate", "none"),
        implied=("keep",),
        help="factor of activations at test time: keep is 1 - rate; rate and none are incorrect choices for comparison",
    )


class Standard(Dropout):
    """Dropout of the original paper as a module, see :func:`standard`; multiplies by 1 - rate in eval mode.

    Args:
        rate: drop probability.
        test_scale: factor of the activations in eval mode: ``keep`` is 1 - rate. ``rate`` and ``none`` are mistakes to
            compare with: the drop probability itself, and no factor.
        generator: source of random bits; torch's default generator if None.
    """

    kind: ClassVar[str] = "standard"
    options: ClassVar[type[Options]] = StandardOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        test_scale: str = StandardOptions.test_scale,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.test_scale = test_scale

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return standard(x, rate, random)

    def rectified(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return relu_dropout(x, mask_factor(random.bits(x.shape), rate, x, rescaled=False))

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        if self.test_scale == "none":
            return x
        if self.test_scale == "keep":
            return scale_by_keep(x, rate)
        factor = per_model(rate, x)
        return x * torch.where(factor > 0, factor, 1)  # a model without dropout is not scaled
