"""Early stopping of a model when its validation loss no longer decreases."""

import math
from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.regularizers.base import Regularizer, Stopping
from dropout_lab.settings import MOST, Options, setting


@dataclass(frozen=True)
class EarlyStoppingOptions(Options):
    """Options of early stopping."""

    early_stopping: int = setting(
        5,
        low=1,
        high=MOST,
        pack="own",
        column="early_stopping",
        help="epochs without a better validation loss before stopping",
    )
    min_gain: float = setting(
        0.0, low=0, off=0.0, pack="own", help="how much lower a validation loss must be to count as better"
    )
    restore: bool = setting(
        True,
        off=True,
        pack="own",
        help="whether the weights of the best epoch are reported, or the last ones",
    )


class EarlyStopping(Regularizer):
    """Early stopping after a number of epochs without improvement of the validation loss, with the best weights.

    Source:
        Prechelt 1998, Early stopping - but when?, in Neural Networks: Tricks of the Trade.
    """

    kind: ClassVar[str] = "early_stopping"
    options: ClassVar[type[Options]] = EarlyStoppingOptions
    numbers: ClassVar[tuple[str, ...]] = ("early_stopping", "min_gain", "restore")
    off: ClassVar[float] = math.inf

    def stopping(self) -> list[Stopping]:
        patience, gain, restore = (self.own[name].tolist() for name in self.numbers)
        return [
            Stopping(p, g, bool(r)) if on else Stopping(math.inf)
            for p, g, r, on in zip(patience, gain, restore, self.on, strict=True)
        ]
