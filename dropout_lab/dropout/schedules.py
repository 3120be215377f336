"""How the rate moves during training: pure functions of (rate, progress).

Each takes the trial's own rate (any shape) and the part of the training that is done, a tensor in [0, 1] that
broadcasts with it, and returns the rate to apply, never above the trial's own.
"""

import inspect
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

Schedule = Callable[[Tensor, Tensor], Tensor]


def constant(rate: Tensor, progress: Tensor) -> Tensor:
    """The same rate throughout."""
    return rate


def linear(rate: Tensor, progress: Tensor) -> Tensor:
    """From 0 up to the rate in a straight line, as the ramp of DropBlock (Ghiasi et al. 2018, section 3)."""
    return rate * progress


def annealed(rate: Tensor, progress: Tensor) -> Tensor:
    """From the rate down to 0 in a straight line (Rennie et al. 2014, IEEE SLT: annealed dropout)."""
    return rate * (1 - progress)


def early(rate: Tensor, progress: Tensor, fraction: float) -> Tensor:
    """On for the first ``fraction`` of the training, then off (Liu et al. 2023, ICML: against underfitting)."""
    return torch.where(progress < fraction, rate, 0)


def late(rate: Tensor, progress: Tensor, fraction: float) -> Tensor:
    """Off for the first ``fraction`` of the training, then on (Liu et al. 2023, ICML: against overfitting)."""
    return torch.where(progress < fraction, 0, rate)


def curriculum(rate: Tensor, progress: Tensor, gamma: float) -> Tensor:
    """From 0 towards the rate as 1 - exp(-gamma progress) (Morerio et al. 2017, ICCV, equation 4).

    With gamma = 10, the paper's choice of 10 over the number of steps, half the rate is reached at 7 % of the training.
    """
    return rate * (1 - torch.exp(-gamma * progress))


def step(rate: Tensor, progress: Tensor, steps: int) -> Tensor:
    """Up to the rate in ``steps`` equal stairs, the first at rate / steps."""
    stair = (progress * steps).floor().clamp(max=steps - 1) + 1
    return rate * stair / steps


SCHEDULES: dict[str, Callable[..., Tensor]] = {
    f.__name__: f for f in (constant, linear, annealed, early, late, curriculum, step)
}


def scheduled(kind: str, settings: object) -> Schedule:
    """The schedule of this name, with its own settings taken from the attributes of ``settings``."""
    function = SCHEDULES[kind]
    names = list(inspect.signature(function).parameters)[2:]
    return partial(function, **{name: getattr(settings, name) for name in names})
