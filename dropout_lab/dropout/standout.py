"""Standout: the more active a unit is, the more likely it is kept."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import keep_mask, per_model
from dropout_lab.rng import Randomness


def keep_probability(x: Tensor, rate: Tensor | float, slope: float) -> Tensor:
    """Probability that each element of x is kept: the logistic function of slope * x + logit(1 - rate); 0 at rate 1."""
    rate = per_model(rate, x)
    return torch.sigmoid(slope * x.detach() + torch.logit(1 - rate)) * (rate < 1)


def standout(x: Tensor, rate: Tensor | float, random: Randomness, slope: float = 1.0) -> Tensor:
    """Zero each element with a probability that depends on it.

    The paper learns a second network for the probabilities and finds that tying its weights to the first one's, scaled
    and shifted, works as well; that form is built here: ``slope`` is the scale, logit(1 - rate) the shift. It takes the
    activation where the paper takes the pre-activation, which is the same under ReLU: where they differ, the activation
    is 0 already.

    Args:
        x: activations, any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability of an activation of 0, in [0, 1]; that of positive ones is lower. At slope 0 this is
            dropout at that rate.
        random: source of the mask's bits.
        slope: how fast the probability to be kept rises with the activation.

    Returns:
        a tensor like x, not rescaled; at test time every element counts its probability to be kept. No gradient passes
        through the probability.

    Source:
        Ba and Frey 2013, NeurIPS, sections 3 and 3.2.
    """
    keep = keep_probability(x, rate, slope)
    return x * (keep_mask(random.bits(x.shape), 1 - keep) & (keep > 0))


class Standout(Dropout):
    """Standout as a module, see :func:`standout`; multiplies by the probability to be kept in eval mode.

    Args:
        rate, generator: as for every variant.
        slope: how fast the probability to be kept rises with the activation.
    """

    kind: ClassVar[str] = "standout"
    takes_input: ClassVar[bool] = False  # it thins by what units of the network found, not by brightness
    fraction: ClassVar[str] = "about"
    adaptive: ClassVar[bool] = True
    options: ClassVar[tuple[str, ...]] = ("slope",)

    def __init__(self, rate: Tensor | float = 0.5, slope: float = 1.0, generator: torch.Generator | None = None):
        super().__init__(rate, generator)
        self.slope = slope

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return standout(x, rate, random, self.slope)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        return x * keep_probability(x, rate, self.slope)
