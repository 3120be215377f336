"""Variants that learn their rate: what they add to the parameters and to the loss."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

# A learned logit stays where the logistic function still has a slope in single precision.
MOST_LOGIT = 12.0


class Learned:
    """What a variant that learns brings beside its noise; a part of its class.

    Attributes:
        learns: True.
        highest: the largest rate it can start from.
        warm_up: part of the training during which the divergence grows to its full weight.
    """

    learns: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0
    warm_up: float = 0.0

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        """The learned parameter [M, ...] that stands for these rates [M], the logit unless the variant says otherwise.

        Args:
            weight: the weights [M, ...] that the noise falls on; None if it falls on activations.
        """
        return torch.logit(rate).clamp(-MOST_LOGIT, MOST_LOGIT)

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        """The rates that a learned parameter stands for, in (0, 1), of its shape."""
        return torch.sigmoid(own.clamp(-MOST_LOGIT, MOST_LOGIT))

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        """Kullback-Leibler divergence from the prior, to be divided by the number of training examples, [M].

        Args:
            own: the learned parameter [M, ...].
            weights: the weights that the noise falls on, or that read the activations it falls on; [M, ...] each.
            units: mask elements an example.
        """
        raise NotImplementedError

    def removed(self, rate: Tensor) -> Tensor:
        """How many weights the test-time form leaves out, [M]."""
        return torch.zeros(len(rate), dtype=torch.int64, device=rate.device)
