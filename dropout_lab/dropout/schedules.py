"""How the rate moves during training: pure functions of (rate, progress)."""

from collections.abc import Callable

from torch import Tensor

Schedule = Callable[[Tensor, float], Tensor]


def constant(rate: Tensor, progress: float) -> Tensor:
    """The same rate throughout.

    Args:
        rate: the trial's own rate, any shape.
        progress: part of the training done, in [0, 1).
    """
    return rate


SCHEDULES: dict[str, Schedule] = {"constant": constant}
