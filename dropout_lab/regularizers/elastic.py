"""Elastic net: L1 and L2 penalties with one strength and a mixing ratio."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer
from dropout_lab.regularizers.l1 import sum_absolute
from dropout_lab.regularizers.l2 import half_sum_squares


class Elastic(WeightRegularizer):
    """Penalty ``elastic * (ratio * sum |w| + (1 - ratio) / 2 * sum w^2)``, parametrised as in scikit-learn.

    Source:
        Zou and Hastie 2005, JRSS B 67.
    """

    kind: ClassVar[str] = "elastic"
    numbers: ClassVar[tuple[str, ...]] = ("elastic", "elastic_ratio")

    def penalty(self, params: Params) -> Tensor:
        ratio = self.own["elastic_ratio"]
        return ratio * self.summed(params, sum_absolute, -1) + (1 - ratio) * self.summed(params, half_sum_squares, -2)
