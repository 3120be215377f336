"""How the rate moves during training: pure functions of (rate, moment).

Each takes the trial's own rate (any shape) and the moment of the training, whose numbers broadcast with it, and returns
the rate to apply, never above the trial's own.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training is.

    Args:
        progress: the part of its steps that is done, in [0, 1]; [M] where the models differ in it.
        stalls: how many times the validation loss has stopped falling, [M]; see ``train/stopping.py``.
    """

    progress: Tensor
    stalls: Tensor = field(default_factory=lambda: torch.zeros(()))

    def on(self, rate: Tensor) -> "TrainingProgress":
        """The moment in numbers of the rate's kind."""
        return TrainingProgress(self.progress.to(rate), self.stalls.to(rate))


Schedule = Callable[[Tensor, TrainingProgress], Tensor]


def constant(rate: Tensor, at: TrainingProgress) -> Tensor:
    """The same rate throughout."""
    return rate


def linear(rate: Tensor, at: TrainingProgress) -> Tensor:
    """From 0 up to the rate in a straight line, as the ramp of DropBlock (Ghiasi et al. 2018, section 3)."""
    return rate * at.progress


def annealed(rate: Tensor, at: TrainingProgress) -> Tensor:
    """From the rate down to 0 in a straight line (Rennie et al. 2014, IEEE SLT: annealed dropout)."""
    return rate * (1 - at.progress)


def early(rate: Tensor, at: TrainingProgress, fraction: float) -> Tensor:
    """On for the first ``fraction`` of the training, then off (Liu et al. 2023, ICML: against underfitting)."""
    return torch.where(at.progress < fraction, rate, 0)


def late(rate: Tensor, at: TrainingProgress, fraction: float) -> Tensor:
    """Off for the first ``fraction`` of the training, then on (Liu et al. 2023, ICML: against overfitting)."""
    return torch.where(at.progress < fraction, 0, rate)


def curriculum(rate: Tensor, at: TrainingProgress, gamma: float) -> Tensor:
    """From 0 towards the rate as 1 - exp(-gamma progress) (Morerio et al. 2017, ICCV, equation 4).

    With gamma = 10, the paper's choice of 10 over the number of steps, half the rate is reached at 7 % of the training.
    """
    return rate * (1 - torch.exp(-gamma * at.progress))


def step(rate: Tensor, at: TrainingProgress, steps: int) -> Tensor:
    """Up to the rate in ``steps`` equal stairs, the first at rate / steps."""
    stair = (at.progress * steps).floor().clamp(max=steps - 1) + 1
    return rate * stair / steps


def plateau(rate: Tensor, at: TrainingProgress, steps: int) -> Tensor:
    """Up to the rate in ``steps`` equal stairs, the first at rate / steps, the next whenever the validation loss has
    not fallen for ``schedule.patience`` epochs.

    Our own rule: more noise is asked for where the data say that less no longer helps, as learning rates are cut.
    """
    return rate * (at.stalls + 1).clamp(max=steps) / steps


SCHEDULES: dict[str, Callable[..., Tensor]] = {
    f.__name__: f for f in (constant, linear, annealed, early, late, curriculum, step, plateau)
}


def make_schedule(kind: str, settings: object) -> Schedule:
    """The schedule of this name, with its own settings taken from the attributes of ``settings``."""
    function = SCHEDULES[kind]
    names = list(inspect.signature(function).parameters)[2:]
    return partial(function, **{name: getattr(settings, name) for name in names})
