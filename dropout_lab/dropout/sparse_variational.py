"""Sparse variational dropout: every weight learns its noise, and what drowns in it is removed."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.layer import GaussianProduct, stacked
from dropout_lab.dropout.learned import Learned
from dropout_lab.dropout.masks import per_model
from dropout_lab.dropout.products import Product
from dropout_lab.dropout.variational import divergence, own_parameter

# A weight with alpha above exp(3), a rate of 0.95, is removed (Molchanov et al. 2017, section 5).
REMOVED_ABOVE = torch.sigmoid(torch.tensor(3.0)).item()


class SparseVariational(Learned, GaussianProduct):
    """Gaussian noise of its own variance on every weight of a layer, as a module around the layer.

    The variance itself is learned (additive noise, which keeps the gradient calm), alpha = variance / w^2 follows; its
    rate is alpha / (1 + alpha). At test time weights whose rate is above 0.95 are 0, the others are used as they are.
    Add :meth:`penalty` over the number of training examples to the loss.

    Args:
        rate: where the learning starts: all weights of a layer have the variance of dropout of a weight of mean square.
        layer: as for every variant of a layer.
        warm_up: part of the training during which the divergence grows to its full weight; at full weight from the
            start most networks lose all their weights before they have learnt anything (used by the engine).
        generator: as for every variant.

    Source:
        Molchanov, Ashukha and Vetrov 2017, ICML, sections 4.2 (additive noise), 4.3 (divergence) and 4.4 (layers).
    """

    kind: ClassVar[str] = "sparse_variational"
    options: ClassVar[tuple[str, ...]] = ("warm_up",)

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        warm_up: float = 0.0,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        self.warm_up = warm_up
        self.own = own_parameter(self, layer, rate)

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        assert weight is not None
        lead = (-1, *[1] * (weight.dim() - 1))
        square = weight.square().flatten(1).mean(1)
        return (super().start(rate, weight) + square.log()).view(lead).expand_as(weight).clone()

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        return torch.sigmoid(_log_alpha(own, weight))

    def variance(self, weight: Tensor, rate: Tensor | float, own: Tensor | None) -> Tensor:
        return super().variance(weight, rate, own) if own is None else own.exp()

    def expected_product(
        self, operation: Product, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float
    ) -> Tensor:
        """The layer without the weights that are mostly noise."""
        return operation(x, torch.where(per_model(rate, weight) > REMOVED_ABOVE, 0, weight), bias)

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        return divergence(_log_alpha(own, weights[0])).flatten(1).sum(1)

    def removed(self, rate: Tensor) -> Tensor:
        return (rate > REMOVED_ABOVE).flatten(1).sum(1)

    def learned(self) -> Tensor | None:
        return self.own

    def penalty(self) -> Tensor:
        """The divergence of the module's layer, a number."""
        assert self.own is not None and self.layer is not None  # noqa: PT018
        return self.divergence(self.own, [stacked(self.layer)], 0)[0]


def _log_alpha(own: Tensor, weight: Tensor | None) -> Tensor:
    assert weight is not None
    # Far outside these bounds nothing changes any more, and a weight of 0 has no logarithm.
    return (own - weight.square().clamp(min=torch.finfo(weight.dtype).tiny).log()).clamp(-20, 20)
