"""Sparse variational dropout: the noise of every weight is learned, and weights dominated by noise are removed."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.learned_rate import MOST_LOGIT, LearnedRateLayer, WarmUpOptions, clamp_recoverable
from dropout_lab.dropout.masks import per_model
from dropout_lab.dropout.variational_gaussian import divergence
from dropout_lab.settings import Options

LEAST_SQUARE = 1e-6  # lower bound of the mean square, for layers initialised to zero
# A weight with alpha above exp(3), a rate of 0.95, is removed (Molchanov et al. 2017, section 5).
REMOVED_ABOVE = torch.sigmoid(torch.tensor(3.0)).item()


class SparseVariational(LearnedRateLayer):
    """Gaussian noise with a separate learned variance for every weight of a layer, as a module around the layer.

    The learned parameter is the variance itself (additive noise, which reduces the variance of the gradient). It gives
    alpha = variance / w^2 and the rate alpha / (1 + alpha). At test time weights whose rate is above 0.95 are set to 0,
    and the others are used without noise. Add :meth:`penalty`, divided by the number of training examples, to the loss.

    Args:
        rate: initial rate. The initial variance of all weights of a layer is that of dropout at this rate of a weight
            whose square is the mean square of the layer's weights.
        layer: as in :class:`~dropout_lab.dropout.weight_dropout.WeightDropout`.
        warm_up, lr_multiplier: as in :class:`~dropout_lab.dropout.learned_rate.LearnedRate`; used by the training
            engine.
            Without a warm-up of the divergence, most networks lose all their weights before they learn anything.
        generator: as for every variant.

    Source:
        Molchanov, Ashukha and Vetrov 2017, ICML, sections 4.2 (additive noise), 4.3 (divergence) and 4.4 (layers).
    """

    kind: ClassVar[str] = "sparse_variational"
    bounds: ClassVar[tuple[float, float]] = (-40.0, 10.0)  # of the log variance
    options: ClassVar[type[Options]] = WarmUpOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        warm_up: float = WarmUpOptions.warm_up,
        lr_multiplier: float = WarmUpOptions.lr_multiplier,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        self.warm_up, self.lr_multiplier = warm_up, lr_multiplier
        self.begin()

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        assert weight is not None
        lead = (-1, *[1] * (weight.dim() - 1))
        square = weight.square().flatten(1).mean(1).clamp(min=LEAST_SQUARE)
        logit = torch.logit(rate).clamp(-MOST_LOGIT, MOST_LOGIT)
        return (logit + square.log()).view(lead).expand_as(weight).clone()

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        return torch.sigmoid(_log_alpha(own, weight))

    def variance(self, weight: Tensor, rate: Tensor | float, own: Tensor | None) -> Tensor:
        return (
            super().variance(weight, rate, own)
            if own is None
            else clamp_recoverable(own, -torch.inf, self.bounds[1]).exp()
        )

    def expected_product(
        self, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float
    ) -> Tensor:
        """Apply the layer without the weights whose rate is above 0.95."""
        return operation(x, torch.where(per_model(rate, weight) > REMOVED_ABOVE, 0, weight), bias)

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        return divergence(_log_alpha(own, weights[0])).flatten(1).sum(1)

    def removed(self, rate: Tensor) -> Tensor:
        return (rate > REMOVED_ABOVE).flatten(1).sum(1)


def _log_alpha(own: Tensor, weight: Tensor | None) -> Tensor:
    assert weight is not None
    # Beyond these bounds the rate is practically 0 or 1. The clamp of w^2 avoids the logarithm of 0.
    return clamp_recoverable(own - weight.square().clamp(min=torch.finfo(weight.dtype).tiny).log(), -20, 20)
