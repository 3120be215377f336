"""Base class of the two variational variants: Gaussian noise of learned variance on the weights of a layer."""

import torch
from torch import Tensor, nn

from dropout_lab.dropout.learned_rate import LearnedRate
from dropout_lab.dropout.weight_dropout import GaussianWeightDropout, stack_weight


class LearnedRateLayer(LearnedRate, GaussianWeightDropout):
    """Variant with a learned rate, as a module around a layer.

    Args:
        rate: initial rate; a layer with initial rate 0 has no noise and learns none.
        layer, generator: as in :class:`~dropout_lab.dropout.weight_dropout.WeightDropout`.

    Raises:
        ValueError: if the rate is outside [0, 1].

    Attributes:
        own: learned parameter [1, ...]; None at rate 0, and without a layer, when the training engine holds it.
    """

    own: nn.Parameter | None

    def begin(self) -> None:
        """Create the learned parameter, with the dtype and device of the layer's weights."""
        self.own = None
        if self.layer is not None and self.rate != 0:
            with torch.no_grad():
                weight = stack_weight(self.layer)
                rate = torch.as_tensor(self.rate, dtype=weight.dtype, device=weight.device)
                self.own = nn.Parameter(self.start(rate.view(1), weight))

    def learned(self) -> Tensor | None:
        return self.own

    def penalty(self) -> Tensor:
        """Return the divergence of the module's layer, a scalar; divide it by the number of training examples."""
        if self.layer is None or self.own is None:
            return torch.zeros(())
        return self.divergence(self.own, [stack_weight(self.layer)], 0)[0]
