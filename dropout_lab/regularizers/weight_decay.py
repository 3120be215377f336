"""Decoupled weight decay: every weight shrinks by the same factor per step, independent of its gradient."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class WeightDecayOptions(Options):
    """Options of weight decay."""

    weight_decay: float = setting(
        0.01,
        low=0,
        pack="own",
        help="decoupled weight decay: each step subtracts the fraction lr * weight_decay from every weight",
    )


class WeightDecay(WeightRegularizer):
    """Multiplication of the weights by 1 - lr * weight_decay before each step, as in ``torch.optim.AdamW``.

    The factor is invariant to rescaling of the weights, so the strength needs no conversion.

    Source:
        Loshchilov and Hutter 2019, ICLR, algorithm 2.
    """

    kind: ClassVar[str] = "weight_decay"
    options: ClassVar[type[Options]] = WeightDecayOptions
    numbers: ClassVar[tuple[str, ...]] = ("weight_decay",)

    def decay(self, params: Params, lr: Tensor) -> None:
        factor = 1 - lr * self.strength
        for name in self.scene.weights:
            weight = params[name]
            weight.mul_(factor.view(-1, *[1] * (weight.dim() - 1)))
