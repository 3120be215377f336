"""Standout: adaptive dropout whose keep probability increases with the activation of a unit."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import keep_mask, per_model
from dropout_lab.rng import Randomness
from dropout_lab.settings import MOST, Options, setting


def keep_probability(x: Tensor, rate: Tensor | float, slope: float) -> Tensor:
    """Return the keep probability sigmoid(slope * x + logit(1 - rate)) of each element of x; 0 at rate 1."""
    rate = per_model(rate, x)
    return torch.sigmoid(slope * x.detach() + torch.logit(1 - rate)) * (rate < 1)


def standout(x: Tensor, rate: Tensor | float, random: Randomness, slope: float = 1.0) -> Tensor:
    """Zero each element with a probability that depends on its value.

    The paper learns a second network for the probabilities, and reports that tying its weights to those of the first
    network, scaled and shifted, works as well. This function implements the tied form: ``slope`` is the scale and
    logit(1 - rate) the shift. It uses the activation where the paper uses the pre-activation. Under ReLU the result is
    the same, because the activation is 0 where the two differ.

    Args:
        x: activations of any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability of an activation of 0, in [0, 1]; positive activations have a lower one. At slope 0 every
            element has drop probability ``rate``.
        random: source of the mask's bits.
        slope: slope of the keep probability with respect to the activation.

    Returns:
        tensor of the shape of x, not rescaled; at test time every element is multiplied by its keep probability. No
        gradient flows through the keep probability.

    Source:
        Ba and Frey 2013, NeurIPS, sections 3 and 3.2.
    """
    keep = keep_probability(x, rate, slope)
    return x * (keep_mask(random.bits(x.shape), 1 - keep) & (keep > 0))


@dataclass(frozen=True)
class StandoutOptions(Options):
    """Options of standout."""

    slope: float = setting(1.0, low=0, high=MOST, help="slope of the keep probability with respect to the activation")


class Standout(Dropout):
    """Standout as a module, see :func:`standout`; multiplies by the keep probability in eval mode.

    Args:
        rate, generator: as for every variant.
        slope: slope of the keep probability with respect to the activation.
    """

    kind: ClassVar[str] = "standout"
    takes_input: ClassVar[bool] = False  # the mask depends on activations of units, not on pixel brightness
    zeroing: ClassVar[str] = "about"
    adaptive: ClassVar[bool] = True
    options: ClassVar[type[Options]] = StandoutOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        slope: float = StandoutOptions.slope,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.slope = slope

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return standout(x, rate, random, self.slope)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        return x * keep_probability(x, rate, self.slope)
