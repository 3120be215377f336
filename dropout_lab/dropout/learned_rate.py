"""Variants that learn their rate: what they add to the parameters and to the loss."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

# A learned logit stays where the logistic function still has a slope in single precision.
MOST_LOGIT = 12.0
# The defaults of the variants that learn, and of the settings variant.speed and variant.warm_up.
SPEED, WARM_UP = 10.0, 0.5


class LearnedRate:
    """What a variant that learns brings beside its noise; a part of its class.

    Attributes:
        learns: True.
        highest: the largest rate it can start from and come to.
        bounds: of the learned parameter.
        warm_up: part of the training during which the divergence grows to its full weight; 0 for a variant that does
            not take it as an argument.
        speed: learning rate of the learned parameter, as a multiple of that of the weights.
    """

    learns: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0
    bounds: ClassVar[tuple[float, float]] = (-MOST_LOGIT, MOST_LOGIT)
    warm_up: float = 0.0
    speed: float = SPEED

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        """The learned parameter [M, ...] that stands for these rates [M], the logit unless the variant says otherwise.

        Args:
            weight: the weights [M, ...] that the noise falls on; None if it falls on activations.
        """
        return torch.logit(rate).clamp(*self.bounds)

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        """The rates that a learned parameter stands for, in (0, 1), of its shape."""
        return torch.sigmoid(clamp_recoverable(own, *self.bounds))

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        """Kullback-Leibler divergence from the prior, to be divided by the number of training examples, [M].

        Args:
            own: the learned parameter [M, ...].
            weights: the weights that the noise falls on, or that read the activations it falls on; [M, ...] each.
            units: features of the activations that the noise falls on.
        """
        raise NotImplementedError

    def removed(self, rate: Tensor) -> Tensor:
        """How many weights the test-time form leaves out, [M]."""
        return torch.zeros(len(rate), dtype=torch.int64, device=rate.device)


def clamp_recoverable(own: Tensor, low: float, high: float) -> Tensor:
    """A learned parameter held between bounds, from beyond which it finds back.

    ``clamp`` has no slope beyond its bounds, so that a parameter that one step has carried there would stay for ever.
    Here a gradient passes if a step against it leads back inside.
    """
    found: Tensor = _Held.apply(own, low, high)
    return found


class _Held(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(own)
        ctx.low, ctx.high = low, high
        return own.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (own,) = ctx.saved_tensors
        outward = ((own >= ctx.high) & (grad < 0)) | ((own <= ctx.low) & (grad > 0))
        return torch.where(outward, 0, grad), None, None
