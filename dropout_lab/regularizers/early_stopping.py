"""Early stopping of a model when its validation loss no longer decreases."""

import math
from typing import ClassVar

from dropout_lab.regularizers.base import Regularizer, Stopping


class EarlyStopping(Regularizer):
    """Early stopping after a number of epochs without improvement of the validation loss, with the best weights.

    Source:
        Prechelt 1998, Early stopping - but when?, in Neural Networks: Tricks of the Trade.
    """

    kind: ClassVar[str] = "early_stopping"
    numbers: ClassVar[tuple[str, ...]] = ("early_stopping", "min_gain", "restore")
    off: ClassVar[float] = math.inf

    def stopping(self) -> list[Stopping]:
        patience, gain, restore = (self.own[name].tolist() for name in self.numbers)
        return [
            Stopping(p, g, bool(r)) if on else Stopping(math.inf)
            for p, g, r, on in zip(patience, gain, restore, self.on, strict=True)
        ]
