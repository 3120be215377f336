"""DropConnect: single weights are dropped, anew for every example."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.inverted import inverted
from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.weight_dropout import Observer, WeightDropout, ignore
from dropout_lab.rng import Randomness

MASKS = ("example", "batch")


def dropconnect(
    operation: LinearMap,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rate: Tensor | float,
    random: Randomness,
    mask: str = "example",
    told: Observer = ignore,
) -> Tensor:
    """A layer of which each weight is zeroed with probability ``rate``, the others divided by 1 - rate.

    Args:
        operation: the layer's linear map.
        x: its input, [M, B, ...].
        weight, bias: [M, ...]; the bias is never dropped.
        rate: drop probability in [0, 1], one for all or [M]; at 1 all weights are zero.
        random: source of the masks' bits.
        mask: ``example``: a mask for each example, as in the paper; takes the memory of B copies of the weights.
            ``batch``: one mask for the whole batch, a common short cut and another, noisier method.
        told: as for :class:`WeightDropout`.

    Returns:
        the layer's output, of the expectation of the layer without dropout.

    Source:
        Wan et al. 2013, ICML, section 3; rescaled while training, where the paper rescales at test time. The paper
        then draws the pre-activations at test time from the normal distribution of their mean and variance; here the
        weights are used as they are, which is its mean.
    """
    if mask == "batch":
        masked = inverted(weight, rate, random)
        told(weight, masked)
        return operation(x, masked, bias)
    each = weight.unsqueeze(1).expand(-1, x.shape[1], *weight.shape[1:])
    masked = inverted(each, rate, random)
    told(each, masked)
    return operation.each(x, masked, bias)


class DropConnect(WeightDropout):
    """DropConnect around a layer, see :func:`dropconnect`; the layer itself in eval mode.

    Args:
        rate, layer, generator: as for every variant of a layer.
        mask: ``example`` or ``batch``.

    Raises:
        ValueError: a rate outside [0, 1], another mask.
    """

    kind: ClassVar[str] = "dropconnect"
    options: ClassVar[tuple[str, ...]] = ("mask",)

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        mask: str = "example",
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        if mask not in MASKS:
            raise ValueError(f"mask={mask}: must be one of {', '.join(MASKS)}")
        self.mask = mask

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
        return dropconnect(operation, x, weight, bias, rate, random, self.mask, told)
