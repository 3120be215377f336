"""Concrete dropout: the rate of each layer is learned through a relaxed, nearly binary mask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import MAPS, UNITS, Dropout, mask_shape
from dropout_lab.dropout.learned_rate import LearnedRate, LRMultiplierOptions
from dropout_lab.dropout.masks import noise_variance, per_model, sample_uniform
from dropout_lab.dropout.weight_dropout import stack_weight
from dropout_lab.rng import Randomness
from dropout_lab.settings import MOST, Options, setting


def concrete(
    x: Tensor, rate: Tensor | float, random: Randomness, temperature: float = 0.1, shared: tuple[int, ...] = ()
) -> Tensor:
    """Apply inverted dropout with a mask that is differentiable with respect to the rate.

    Each mask element is 1 - sigmoid((logit(rate) + logit(u)) / temperature) with u uniform in (0, 1). It is close to 0
    or 1, and below 1/2 with probability ``rate``.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at rate 1 all elements are zeroed.
        random: source of u.
        temperature: temperature of the mask, above 0; a higher one makes it less binary.
        shared: negative axes along which all elements share one mask element.

    Returns:
        tensor of the shape of x, with nearly the same expectation (exactly in the limit of temperature 0).

    Source:
        Gal, Hron and Kendall 2017, NeurIPS, section 3.1, equation 5.
    """
    rate = per_model(rate, x, wide=True)  # half precision would round a rate near 1 to 1
    u = sample_uniform(random.bits(mask_shape(x.shape, shared, rate)), rate)
    fallen = torch.sigmoid((torch.logit(rate) + torch.logit(u)) / temperature)
    return x * ((1 - fallen) * (1 + noise_variance(rate)) * (rate < 1)).to(x.dtype)


@dataclass(frozen=True)
class ConcreteOptions(LRMultiplierOptions):
    """Options of concrete dropout."""

    temperature: float = setting(
        0.1,
        low=0,
        open_low=True,
        high=MOST,
        help="temperature of the concrete relaxation of the mask, through which the rate is learned",
    )
    length_scale: float = setting(
        0.01, low=0, high=MOST, help="prior length scale; larger values shrink the weights more"
    )


class Concrete(LearnedRate, Dropout):
    """Concrete dropout as a module that learns its rate, see :func:`concrete`; the identity in eval mode.

    Add :meth:`penalty`, divided by the number of training examples, to the loss.

    Args:
        rate: initial rate.
        temperature: temperature of the mask; a higher one makes it less binary.
        length_scale: prior length scale of the weights that read the layer; larger values shrink the weights more.
        lr_multiplier: as in :class:`LearnedRate`; used by the training engine.
        generator: as for every variant.
    """

    kind: ClassVar[str] = "concrete"
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {MAPS: (-2, -1)}  # whole maps, as in the paper's ConvNets
    preserves: ClassVar[tuple[str, ...]] = ()
    zeroing: ClassVar[str] = "soft"
    options: ClassVar[type[Options]] = ConcreteOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        temperature: float = ConcreteOptions.temperature,
        length_scale: float = ConcreteOptions.length_scale,
        lr_multiplier: float = ConcreteOptions.lr_multiplier,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.temperature, self.length_scale, self.lr_multiplier = temperature, length_scale, lr_multiplier
        start = torch.as_tensor(rate, dtype=torch.float32)
        # A layer with initial rate 0 drops nothing and learns nothing.
        self.logit = nn.Parameter(self.start(start, None)) if bool((start > 0).all()) else None

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return concrete(x, rate, random, self.temperature, self.shared.get(layout, ()))

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        """Return a bool tensor that is true where the mask is below 1/2."""
        return out * x.sign() * (1 - per_model(rate, x)) < x.abs() / 2

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.logit is None:
            return x
        return self.sample(x, self.rate_of(self.logit, None), self.random(x), self.layout)

    def penalty(self, layer: nn.Linear | nn.Conv2d) -> Tensor:
        """Return the divergence for the layer that reads x, a scalar; divide it by the number of training examples."""
        if self.logit is None:
            return torch.zeros(())
        units = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
        return self.divergence(self.logit.view(1), [stack_weight(layer)], units)[0]

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        """Return the divergence from the prior, see :meth:`LearnedRate.divergence`.

        It is length_scale^2 / 2 * sum w^2 / (1 - rate) over the weights that read the layer, minus the entropy of the
        layer's mask (equations 3 and 4 of the paper, which are in terms of the weights before rescaling).
        """
        rate = self.rate_of(own, None)
        squares = sum((w.square().flatten(1).sum(1) for w in weights), torch.zeros_like(rate))
        entropy = -(torch.xlogy(rate, rate) + torch.xlogy(1 - rate, 1 - rate))
        return self.length_scale**2 / 2 * squares / (1 - rate) - units * entropy
