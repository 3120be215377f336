"""Elastic net: L1 and L2 penalties with one strength and a mixing ratio."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer
from dropout_lab.regularizers.l1 import sum_absolute
from dropout_lab.regularizers.l2 import half_sum_squares
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class ElasticOptions(Options):
    """Options of the elastic net."""

    elastic: float = setting(
        1e-4,
        low=0,
        pack="own",
        help="strength of the elastic net, divided between L1 and L2 by l1_ratio",
    )
    l1_ratio: float = setting(
        0.5,
        low=0,
        high=1,
        pack="own",
        identity_key="regularizer.elastic_ratio",
        help="fraction of the elastic net that is L1",
    )


class Elastic(WeightRegularizer):
    """Penalty ``elastic * (ratio * sum |w| + (1 - ratio) / 2 * sum w^2)``, parametrised as in scikit-learn.

    Source:
        Zou and Hastie 2005, JRSS B 67.
    """

    kind: ClassVar[str] = "elastic"
    options: ClassVar[type[Options]] = ElasticOptions
    numbers: ClassVar[tuple[str, ...]] = ("elastic", "l1_ratio")

    def penalty(self, params: Params) -> Tensor:
        ratio = self.own["l1_ratio"]
        return ratio * self.summed(params, sum_absolute, -1) + (1 - ratio) * self.summed(params, half_sum_squares, -2)
