"""Early stopping of a model when its validation loss, or another monitored metric, no longer improves."""

import math
from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.regularizers.base import Regularizer, Stopping
from dropout_lab.settings import MOST, Options, setting
from dropout_lab.settings.requested_metrics import MONITOR_ALLOWED, check_monitor


@dataclass(frozen=True)
class EarlyStoppingOptions(Options):
    """Options of early stopping."""

    early_stopping: int = setting(
        5,
        low=1,
        high=MOST,
        pack="own",
        column="early_stopping",
        help="number of epochs without improvement of regularizer.monitor before stopping",
    )
    min_delta: float = setting(
        0.0,
        low=0,
        off=0.0,
        pack="own",
        identity_key="regularizer.min_gain",
        help="minimum change of the metric in regularizer.monitor that counts as an improvement",
    )
    monitor: str = setting(
        "val_loss",
        check=check_monitor,
        allowed=MONITOR_ALLOWED,
        off="val_loss",
        help="validation metric that early stopping reads after each epoch",
    )
    restore_best: bool = setting(
        True,
        off=True,
        pack="own",
        identity_key="regularizer.restore",
        help="report the weights of the best epoch instead of the last ones",
    )


class EarlyStopping(Regularizer):
    """Early stopping after a number of epochs without improvement on the validation set, with the best weights.

    Source:
        Prechelt 1998, Early stopping - but when?, in Neural Networks: Tricks of the Trade.
    """

    kind: ClassVar[str] = "early_stopping"
    options: ClassVar[type[Options]] = EarlyStoppingOptions
    numbers: ClassVar[tuple[str, ...]] = ("early_stopping", "min_delta", "restore_best")
    off: ClassVar[float] = math.inf

    def stopping(self) -> list[Stopping]:
        patience, gain, restore_best = (self.own[name].tolist() for name in self.numbers)
        monitors = [conf.monitor for conf in self.confs]
        return [
            Stopping(p, g, bool(r), monitor) if on else Stopping(math.inf)
            for p, g, r, monitor, on in zip(patience, gain, restore_best, monitors, self.on, strict=True)
        ]
