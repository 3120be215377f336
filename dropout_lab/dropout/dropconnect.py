"""DropConnect: single weights are dropped, with a separate mask for every example."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.inverted import inverted
from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.weight_dropout import Observer, WeightDropout, ignore
from dropout_lab.rng import Randomness
from dropout_lab.settings import Options, setting

MASKS = ("example", "batch")


def dropconnect(
    operation: LinearMap,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rate: Tensor | float,
    random: Randomness,
    mask: str = "example",
    observer: Observer = ignore,
) -> Tensor:
    """Apply a layer in which each weight is zeroed with probability ``rate`` and the others are divided by 1 - rate.

    Args:
        operation: linear map of the layer.
        x: input of the layer, [M, B, ...].
        weight, bias: [M, ...]; the bias is never dropped.
        rate: drop probability in [0, 1], a number or [M]; at rate 1 all weights are zeroed.
        random: source of the masks' bits.
        mask: ``example`` for a separate mask per example, as in the paper, which takes the memory of B copies of the
            weights; ``batch`` for one mask per batch, a common shortcut that is a different and noisier method.
        observer: as in :meth:`WeightDropout.product`.

    Returns:
        output of the layer, with the expectation of the layer without dropout.

    Source:
        Wan et al. 2013, ICML, section 3. Weights are rescaled during training; the paper rescales at test time. At test
        time the paper draws the pre-activations from a normal distribution with their mean and variance; here the
        unmasked weights are used, which gives the mean of that distribution.
    """
    if mask == "batch":
        masked = inverted(weight, rate, random)
        observer(weight, masked)
        return operation(x, masked, bias)
    each = weight.unsqueeze(1).expand(-1, x.shape[1], *weight.shape[1:])
    masked = inverted(each, rate, random)
    observer(each, masked)
    return operation.each(x, masked, bias)


@dataclass(frozen=True)
class DropConnectOptions(Options):
    """Options of DropConnect."""

    mask: str = setting("example", choices=MASKS, help="sharing of the mask: one mask per example or one per batch")


class DropConnect(WeightDropout):
    """DropConnect around a layer, see :func:`dropconnect`; the unchanged layer in eval mode.

    Args:
        rate, layer, generator: as in :class:`WeightDropout`.
        mask: ``example`` or ``batch``.

    Raises:
        ValueError: if the rate is outside [0, 1] or the mask is unknown.
    """

    kind: ClassVar[str] = "dropconnect"
    options: ClassVar[type[Options]] = DropConnectOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.Linear | nn.Conv2d | None = None,
        mask: str = DropConnectOptions.mask,
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
        observer: Observer = ignore,
    ) -> Tensor:
        return dropconnect(operation, x, weight, bias, rate, random, self.mask, observer)
