"""L2 penalty on the weights.

Its gradient passes through the optimizer, so Adam shrinks weights with large gradients less. Decoupled weight decay
shrinks every weight by the same factor outside the optimizer. Under plain SGD the two agree up to the learning rate,
and this penalty equals ``weight_decay=strength`` of ``torch.optim.SGD`` applied to the weights only.
"""

from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer


def half_sum_squares(weight: Tensor) -> Tensor:
    """Return sum w^2 / 2 per model, [M]; its gradient is w."""
    return weight.square().flatten(1).sum(1) / 2


class L2(WeightRegularizer):
    """Penalty l2 / 2 * sum w^2.

    Source:
        ridge regression, Hoerl and Kennard 1970, Technometrics 12; for networks: Krogh and Hertz 1991, NeurIPS.
    """

    kind: ClassVar[str] = "l2"
    numbers: ClassVar[tuple[str, ...]] = ("l2",)

    def penalty(self, params: Params) -> Tensor:
        return self.summed(params, half_sum_squares, -2)
