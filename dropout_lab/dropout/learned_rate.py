"""Base classes of variants that learn their rate, with their parameters and their loss term."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.weight_dropout import GaussianWeightDropout, stack_weight
from dropout_lab.settings import MOST, Options, setting

# Bound of a learned logit, within which the logistic function has a nonzero gradient in single precision.
MOST_LOGIT = 12.0


@dataclass(frozen=True)
class LRMultiplierOptions(Options):
    """Options of all variants that learn their rate."""

    lr_multiplier: float = setting(
        10.0,
        low=0,
        high=MOST,
        identity_key="variant.speed",
        help="learning rate of the learned noise parameters, as a multiple of train.lr",
    )


@dataclass(frozen=True)
class WarmUpOptions(LRMultiplierOptions):
    """Options of the variants that learn their rate against a prior."""

    warm_up: float = setting(
        0.5,
        low=0,
        high=1,
        help="fraction of the training during which the weight of the divergence from the prior increases to 1",
    )


class LearnedRate:
    """Mixin of the variants that learn their rate.

    Attributes:
        learns: True.
        highest: largest initial and largest learned rate.
        bounds: bounds of the learned parameter.
        warm_up: fraction of the training during which the weight of the divergence grows to 1; 0 for a variant without
            this argument.
        lr_multiplier: learning rate of the learned parameter, as a multiple of that of the weights.
    """

    learns: ClassVar[bool] = True
    highest: ClassVar[float] = 1.0
    bounds: ClassVar[tuple[float, float]] = (-MOST_LOGIT, MOST_LOGIT)
    warm_up: float = 0.0
    lr_multiplier: float = LRMultiplierOptions.lr_multiplier

    def start(self, rate: Tensor, weight: Tensor | None) -> Tensor:
        """Return the initial value [M, ...] of the learned parameter; by default the logit of the rate.

        Args:
            rate: initial rates [M].
            weight: weights [M, ...] that the noise acts on; None if it acts on activations.
        """
        return torch.logit(rate).clamp(*self.bounds)

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        """Return the rates in (0, 1) for a learned parameter, in its shape."""
        return torch.sigmoid(clamp_recoverable(own, *self.bounds))

    def divergence(self, own: Tensor, weights: Sequence[Tensor], units: int) -> Tensor:
        """Return the Kullback-Leibler divergence from the prior, [M]; divide it by the number of training examples.

        Args:
            own: learned parameter [M, ...].
            weights: weights [M, ...] that the noise acts on, or that read the activations it acts on.
            units: number of features of the activations that the noise acts on.
        """
        raise NotImplementedError

    def removed(self, rate: Tensor) -> Tensor:
        """Return the number of weights that the test-time form removes, [M]."""
        return torch.zeros(len(rate), dtype=torch.int64, device=rate.device)


class LearnedRateLayer(LearnedRate, GaussianWeightDropout):
    """Base class of the two variational variants: Gaussian noise of learned variance on the weights of a layer.

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


def clamp_recoverable(own: Tensor, low: float, high: float) -> Tensor:
    """Clamp a learned parameter, with a gradient that can move it back inside the bounds.

    ``Tensor.clamp`` has zero gradient outside its bounds, so a parameter that a step has moved outside would stay there
    forever. This function passes the gradient if a descent step leads back inside.
    """
    clamped: Tensor = _Held.apply(own, low, high)
    return clamped


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
