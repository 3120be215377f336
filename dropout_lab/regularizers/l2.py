"""L2: half the sum of squared weights as a term of the loss.

Its gradient passes through the optimizer: under Adam a weight with large gradients is shrunk less. Decoupled weight
decay shrinks every weight by the same factor outside the optimizer. Under plain SGD the two agree up to the learning
rate, and this one equals ``weight_decay=strength`` of ``torch.optim.SGD`` if that is given the weights only.
"""

from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer


def half_sum_squares(weight: Tensor) -> Tensor:
    """sum w^2 / 2 of each model, [M]; its gradient is w."""
    return weight.square().flatten(1).sum(1) / 2


class L2(WeightRegularizer):
    """Adds l2 / 2 * sum w^2.

    Source:
        ridge regression, Hoerl and Kennard 1970, Technometrics 12; of networks: Krogh and Hertz 1991, NeurIPS.
    """

    kind: ClassVar[str] = "l2"
    numbers: ClassVar[tuple[str, ...]] = ("l2",)

    def penalty(self, params: Params) -> Tensor:
        return self.summed(params, half_sum_squares, -2)
