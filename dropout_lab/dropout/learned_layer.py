"""Gaussian noise on the weights of a layer whose strength is learned: what both variational variants are."""

import torch
from torch import Tensor, nn

from dropout_lab.dropout.learned_rate import LearnedRate
from dropout_lab.dropout.weight_dropout import GaussianWeightDropout, stack_weight


class LearnedRateLayer(LearnedRate, GaussianWeightDropout):
    """A learned variant as a module around a layer.

    Args:
        rate: where the learning starts; a layer that starts at 0 has no noise and learns none.
        layer, generator: as for every variant of a layer.

    Raises:
        ValueError: a rate outside [0, 1].

    Attributes:
        own: the learned parameter [1, ...]; None without a layer, where the engine holds it, and at rate 0.
    """

    own: nn.Parameter | None

    def begin(self) -> None:
        """Make the learned parameter, of the layer's kind and on its device."""
        self.own = None
        if self.layer is not None and self.rate != 0:
            with torch.no_grad():
                weight = stack_weight(self.layer)
                rate = torch.as_tensor(self.rate, dtype=weight.dtype, device=weight.device)
                self.own = nn.Parameter(self.start(rate.view(1), weight))

    def learned(self) -> Tensor | None:
        return self.own

    def penalty(self) -> Tensor:
        """The divergence of the module's layer, a number; divide it by the number of training examples."""
        if self.layer is None or self.own is None:
            return torch.zeros(())
        return self.divergence(self.own, [stack_weight(self.layer)], 0)[0]
