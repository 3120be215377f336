"""Variational Gaussian dropout: the noise variance of the weights is learned by maximising the evidence bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from dropout_lab.dropout.learned_rate import MOST_LOGIT, LearnedRateLayer, WarmUpOptions, clamp_recoverable
from dropout_lab.settings import Options, setting

GRANULARITIES = ("layer", "unit", "weight")


def divergence(log_alpha: Tensor) -> Tensor:
    """Return the elementwise divergence of N(w, alpha w^2) from the log-uniform prior; it tends to 0 for large alpha.

    Args:
        log_alpha: tensor of any shape.

    Source:
        The prior is from Kingma et al. 2015, NeurIPS, section 4.1; the approximation, which is valid for all alpha, is
        from Molchanov et al. 2017, ICML, equation 14.
    """
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    return k1 * torch.sigmoid(-(k2 + k3 * log_alpha)) + softplus(-log_alpha) / 2


@dataclass(frozen=True)
class VariationalGaussianOptions(WarmUpOptions):
    """Options of variational Gaussian dropout."""

    granularity: str = setting(
        "layer",
        choices=GRANULARITIES,
        identity_key="variant.per",
        help="granularity of the learned noise: layer, unit or weight",
    )


class VariationalGaussian(LearnedRateLayer):
    """Gaussian noise of learned variance on the weights of a layer, as a module around the layer.

    The pre-activations are drawn from N(x w, alpha x^2 w^2) with alpha = rate / (1 - rate). alpha is bounded by 1, a
    rate of 1/2, because the paper reports bad optima beyond it. At test time the weights are used without noise. Add
    :meth:`penalty`, divided by the number of training examples, to the loss.

    Args:
        rate: initial rate, at most 1/2.
        layer: as in :class:`~dropout_lab.dropout.weight_dropout.WeightDropout`.
        granularity: granularity of alpha: one for the ``layer``, one per ``unit``, or one per ``weight``.
        warm_up, lr_multiplier: as in :class:`~dropout_lab.dropout.learned_rate.LearnedRate`; used by the training
            engine.
        generator: as for every variant.

    Raises:
        ValueError: if the rate is outside [0, 1] or ``granularity`` is unknown.

    Source:
        Kingma, Salimans and Welling 2015, NeurIPS, section 3.2 (type A, with the weights' posterior) and 3.3.
    """

    kind: ClassVar[str] = "variational_gaussian"
    highest: ClassVar[float] = 0.5
    bounds: ClassVar[tuple[float, float]] = (-MOST_LOGIT, 0.0)
    options: ClassVar[type[Options]] = VariationalGaussianOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        granularity: str = VariationalGaussianOptions.granularity,
        warm_up: float = VariationalGaussianOptions.warm_up,
        lr_multiplier: float = VariationalGaussianOptions.lr_multiplier,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        if granularity not in GRANULARITIES:
            raise ValueError(f"granularity={granularity}: must be one of {', '.join(GRANULARITIES)}")
        self.granularity, self.warm_up, self.lr_multiplier = granularity, warm_up, lr_multiplier
        self.begin()

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        logit = super().start(rate, weight)
        assert weight is not None
        shape = {"layer": [1] * (weight.dim() - 1), "unit": _units(weight), "weight": weight.shape[1:]}[
            self.granularity
        ]
        return logit.view(-1, *[1] * (weight.dim() - 1)).repeat(1, *shape)

    def variance(self, weight: Tensor, rate: Tensor | float, own: Tensor | None) -> Tensor:
        if own is None:
            return super().variance(weight, rate, own)
        return clamp_recoverable(own, -torch.inf, self.bounds[1]).exp() * weight.square()

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        (weight,) = weights
        each = divergence(clamp_recoverable(own, *self.bounds))
        return each.flatten(1).sum(1) * (weight[0].numel() // own[0].numel())


def _units(weight: Tensor) -> list[int]:
    """Return the shape of one value per unit, for dense weights [M, in, out] or filters [M, O, C, k, k]."""
    return [1, weight.shape[2]] if weight.dim() == 3 else [weight.shape[1], 1, 1, 1]
