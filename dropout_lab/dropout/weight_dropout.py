"""Variants that act on the weights of a layer, and so must be told its input as well."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import WEIGHTS, Dropout
from dropout_lab.dropout.kernels.linear_maps import ConvMap, DenseMap, LinearMap
from dropout_lab.dropout.masks import noise_variance, per_model, sample_normal
from dropout_lab.rng import Randomness

# Takes what was there before the noise and after it.
Observer = Callable[[Tensor, Tensor], object]


def ignore(before: Tensor, after: Tensor) -> None:
    """Is told and forgets."""


class WeightDropout(Dropout):
    """A variant on the weights of a fully connected layer or convolution, as a module around that layer.

    Args:
        rate: drop probability in [0, 1].
        layer: ``nn.Linear``, or ``nn.Conv2d`` of one group; None where only the functions are used.
        generator: as for every variant.

    Raises:
        ValueError: a rate outside [0, 1].
        TypeError: another layer.
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
        told: Observer = ignore,
    ) -> Tensor:
        """The layer while training.

        Args:
            operation: the layer's linear map.
            x: its input, [M, B, ...].
            weight, bias: [M, ...].
            rate: drop probability, one for all or [M].
            random: source of the noise.
            own: what the variant learns for this layer, if it learns.
            told: is shown what there was before the noise and after it, for counting.
        """
        raise NotImplementedError

    def expected_product(
        self, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None, rate: Tensor | float
    ) -> Tensor:
        """The layer at test time; its weights as they are unless the variant says otherwise."""
        return operation(x, weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.layer is None:
            raise RuntimeError(f"{type(self).__name__} was made without a layer")
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
        """The module's own learned parameter [1, ...]; None unless it learns."""
        return None

    def rate_of(self, own: Tensor, weight: Tensor | None) -> Tensor:
        """The rate that a learned parameter stands for."""
        raise NotImplementedError


def _taken_apart(layer: nn.Linear | nn.Conv2d) -> tuple[LinearMap, Tensor, Tensor | None]:
    """A layer's linear map, and its weights and bias as the engine lays them out, [1, ...]."""
    bias = None if layer.bias is None else layer.bias.unsqueeze(0)
    if isinstance(layer, nn.Linear):
        return DenseMap(), stack_weight(layer), bias
    return ConvMap(layer.stride, layer.padding, layer.dilation), stack_weight(layer), bias


def stack_weight(layer: nn.Linear | nn.Conv2d) -> Tensor:
    """A layer's weight as the engine lays it out, [1, in, out] or [1, O, C, k, k]."""
    return (layer.weight.T if isinstance(layer, nn.Linear) else layer.weight).unsqueeze(0)


class GaussianWeightDropout(WeightDropout):
    """A variant whose pre-activations are drawn from the normal distribution that noise on the weights gives them.

    Drawing there instead of at the weights gives every example its own noise (the local reparameterisation of Kingma et
    al. 2015, NeurIPS, section 2.2). For Gaussian weights of a dense layer it is exact; where positions or tokens share
    weights, each pre-activation has its distribution, and their dependence is left out.
    """

    fraction: ClassVar[str] = "none"

    def variance(self, weight: Tensor, rate: Tensor | float, own: Tensor | None) -> Tensor:
        """Variance of each weight; that of an inverted Bernoulli mask unless the variant says otherwise."""
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
        told: Observer = ignore,
    ) -> Tensor:
        mean = operation(x, torch.where(per_model(rate, weight) < 1, weight, 0), bias)
        variance = operation(x.square(), self.variance(weight, rate, own), None)
        # The root has no slope at 0, where there is nothing to add.
        present = variance > 0
        deviation = torch.where(present, variance, 1).sqrt() * present
        out = mean + deviation * sample_normal(random.bits(mean.shape), mean)
        told(mean, out)
        return out
