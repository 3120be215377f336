"""Early stopping of a model when its validation loss, or another monitored metric, no longer improves."""

import math
from typing import ClassVar

from dropout_lab.regularizers.base import Regularizer, Stopping


class EarlyStopping(Regularizer):
    """Early stopping after a number of epochs without improvement on the validation set, with the best weights.

    Source:
        Prechelt 1998, Early stopping - but when?, in Neural Networks: Tricks of the Trade.
    """

    kind: ClassVar[str] = "early_stopping"
    numbers: ClassVar[tuple[str, ...]] = ("early_stopping", "min_gain", "restore")
    off: ClassVar[float] = math.inf

    def stopping(self) -> list[Stopping]:
        patience, gain, restore = (self.own[name].tolist() for name in self.numbers)
        monitors = [conf.monitor for conf in self.confs]
        return [
            Stopping(p, g, bool(r), monitor) if on else Stopping(math.inf)
            for p, g, r, monitor, on in zip(patience, gain, restore, monitors, self.on, strict=True)
        ]
