"""L2 penalty on the weights.

Its gradient passes through the optimizer, so Adam shrinks weights with large gradients less. Decoupled weight decay
shrinks every weight by the same factor outside the optimizer. Under plain SGD the two agree up to the learning rate,
and this penalty equals ``weight_decay=strength`` of ``torch.optim.SGD`` applied to the weights only.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer
from dropout_lab.settings import Options, setting


def half_sum_squares(weight: Tensor) -> Tensor:
    """Return sum w^2 / 2 per model, [M]; its gradient is w."""
    return weight.square().flatten(1).sum(1) / 2


@dataclass(frozen=True)
class L2Options(Options):
    """Options of the L2 penalty."""

    l2: float = setting(1e-4, low=0, pack="own", column="l2", help="strength of L2: adds l2 / 2 * sum w^2 to the loss")


class L2(WeightRegularizer):
    """Penalty l2 / 2 * sum w^2.

    Source:
        ridge regression, Hoerl and Kennard 1970, Technometrics 12; for networks: Krogh and Hertz 1991, NeurIPS.
    """

    kind: ClassVar[str] = "l2"
    options: ClassVar[type[Options]] = L2Options
    numbers: ClassVar[tuple[str, ...]] = ("l2",)

    def penalty(self, params: Params) -> Tensor:
        return self.summed(params, half_sum_squares, -2)
