"""L1 penalty on the weights, from the start or from a later point of the training."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Params, WeightRegularizer
from dropout_lab.settings import Options, setting


def sum_absolute(weight: Tensor) -> Tensor:
    """Return ``sum |w|`` per model, [M]; its gradient is sign(w), and 0 where w is 0."""
    return weight.abs().flatten(1).sum(1)


@dataclass(frozen=True)
class L1Options(Options):
    """Options of the L1 penalty."""

    l1: float = setting(1e-5, low=0, pack="own", column="l1", help="strength of L1: adds l1 * sum|w| to the loss")
    l1_start: float = setting(
        0.0,
        low=0,
        high=1,
        open_high=True,
        off=0.0,
        pack="own",
        identity_key="regularizer.l1_from",
        help="fraction of the training after which L1 is switched on; 0: from the start",
    )


class L1(WeightRegularizer):
    """Penalty ``l1 * sum |w|``, active once the fraction ``l1_start`` of the training is completed.

    Source:
        Tibshirani 1996, JRSS B 58, the lasso; switched on towards the end: Srivastava et al. 2014, JMLR 15, Table 9.
    """

    kind: ClassVar[str] = "l1"
    options: ClassVar[type[Options]] = L1Options
    numbers: ClassVar[tuple[str, ...]] = ("l1", "l1_start")

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self._late = any(conf.l1_start > 0 for conf in trials.confs if self.kind in conf.names)
        self._progress = 0.0

    def move(self, progress: float) -> None:
        self._progress = progress

    def penalty(self, params: Params) -> Tensor:
        total = self.summed(params, sum_absolute, -1)
        return total * (self.own["l1_start"] <= self._progress + 1e-6) if self._late else total
