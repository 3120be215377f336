"""Base classes of the variants that act on the weights of a layer."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import WEIGHTS, Dropout
from dropout_lab.dropout.kernels.linear_maps import ConvMap, DenseMap, LinearMap
from dropout_lab.dropout.masks import noise_variance, per_model, sample_normal
from dropout_lab.rng import Randomness

# Receives a tensor before and after dropout, for counting.
Observer = Callable[[Tensor, Tensor], object]


def ignore(before: Tensor, after: Tensor) -> None:
    """Do nothing; the observer for passes without counts."""


class WeightDropout(Dropout):
    """Variant on the weights of a fully connected layer or convolution, as a module around that layer.

    Args:
        rate: drop probability in [0, 1].
        layer: ``nn.Linear``, or ``nn.Conv2d`` with one group and zero padding; None if only the functions are used.
        generator: as for every variant.

    Raises:
        ValueError: if the rate is outside [0, 1].
        TypeError: if the layer is not supported.
    """

    layouts: ClassVar[tuple[str, ...]] = (WEIGHTS,)
    needs: ClassVar[tuple[str, ...]] = (WEIGHTS,)
    layout: ClassVar[str] = WEIGHTS

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        plain = isinstance(layer, nn.Conv2d) and layer.groups == 1 and layer.padding_mode == "zeros"
        if not (layer is None or isinstance(layer, nn.Linear) or plain):
            raise TypeError(f"{self.kind} wraps an nn.Linear, or an nn.Conv2d of one group, not {layer}")
        self.layer = layer

    def product(
        self,
        operation: LinearMap,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        rate: Tensor | float,
        random: Randomness,
        own: Tensor | None = None,
        observer: Observer = ignore,
    ) -> Tensor:
        """Apply the training-time form of the layer.

        Args:
            operation: linear map of the layer.
            x: input of the layer, [M, B, ...].
            weight, bias: [M, ...].
            rate: drop probability, a number or [M].
            random: source of the noise.
            own: learned parameter of the layer; None if nothing is learned.
            observer: function that receives the tensors before and after dropout, for counting.
        """
        raise NotImplementedError

    def expected_product(
        self, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float
    ) -> Tensor:
        """Apply the test-time form of the layer; by default the layer with its unmasked weights."""
        return operation(x, weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.layer is None:
            raise RuntimeError(f"{type(self).__name__} was created without a layer")
        operation, weight, bias = _taken_apart(self.layer)
        own = self.learned()
        single = x.dim() == (1 if isinstance(self.layer, nn.Linear) else 3)  # one example without a batch axis
        stack = x[None, None] if single else x.unsqueeze(0)
        if self.training:
            out = self.product(operation, stack, weight, bias, self.rate, self.random(x), own)
        else:
            rate = self.rate if own is None else self.rate_of(own, weight)
            out = self.expected_product(operation, stack, weight, bias, rate)
        return out[0, 0] if single else out[0]

    def learned(self) -> Tensor | None:
        """Return the learned parameter [1, ...] of the module, or None if it learns none."""
        return None

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        """Return the rate for a learned parameter."""
        raise NotImplementedError


def _taken_apart(layer: nn.Linear | nn.Conv2d) -> tuple[LinearMap, Tensor, Tensor | None]:
    """Return the linear map of a layer, and its weights and bias in the layout of the training engine, [1, ...]."""
    bias = None if layer.bias is None else layer.bias.unsqueeze(0)
    if isinstance(layer, nn.Linear):
        return DenseMap(), stack_weight(layer), bias
    return ConvMap(layer.stride, layer.padding, layer.dilation), stack_weight(layer), bias


def stack_weight(layer: nn.Linear | nn.Conv2d) -> Tensor:
    """Return the weight of a layer in the layout of the training engine, [1, in, out] or [1, O, C, k, k]."""
    return (layer.weight.T if isinstance(layer, nn.Linear) else layer.weight).unsqueeze(0)


class GaussianWeightDropout(WeightDropout):
    """Variant whose pre-activations are drawn from their normal distribution under noise on the weights.

    Drawing pre-activations instead of weights gives every example independent noise (the local reparameterisation of
    Kingma et al. 2015, NeurIPS, section 2.2). It is exact for Gaussian weights of a dense layer. Where positions or
    tokens share weights, the distribution of each pre-activation is correct, but their dependence is ignored.
    """

    zeroing: ClassVar[str] = "none"

    def variance(self, weight: Tensor, rate: Tensor | float, own: Tensor | None) -> Tensor:
        """Return the variance of each weight; by default that of an inverted Bernoulli mask."""
        return weight.square() * noise_variance(per_model(rate, weight))

    def product(
        self,
        operation: LinearMap,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        rate: Tensor | float,
        random: Randomness,
        own: Tensor | None = None,
        observer: Observer = ignore,
    ) -> Tensor:
        mean = operation(x, torch.where(per_model(rate, weight) < 1, weight, 0), bias)
        variance = operation(x.square(), self.variance(weight, rate, own), None)
        # The square root has no finite gradient at 0, where no noise is added.
        present = variance > 0
        deviation = torch.where(present, variance, 1).sqrt() * present
        out = mean + deviation * sample_normal(random.bits(mean.shape), mean)
        observer(mean, out)
        return out
