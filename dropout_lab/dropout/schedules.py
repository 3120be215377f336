"""Schedules of the rate during training, as pure functions of (rate, training progress).

Each takes the configured rate (any shape) and the training progress, whose tensors broadcast with the rate, and returns
the rate to apply, which never exceeds the configured one.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of the training.

    Args:
        progress: completed fraction of the training steps, in [0, 1]; a scalar, or [M] if the models differ.
        stalls: number of plateaus of the validation loss so far, [M]; see ``train/stopping.py``.
    """

    progress: Tensor
    stalls: Tensor = field(default_factory=lambda: torch.zeros(()))

    def on(self, rate: Tensor) -> "TrainingProgress":
        """Return the progress in the dtype and on the device of the rate."""
        return TrainingProgress(self.progress.to(rate), self.stalls.to(rate))


Schedule = Callable[[Tensor, TrainingProgress], Tensor]


def constant(rate: Tensor, at: TrainingProgress) -> Tensor:
    """Return the rate unchanged."""
    return rate


def linear(rate: Tensor, at: TrainingProgress) -> Tensor:
    """Increase linearly from 0 to the rate, as the schedule of DropBlock (Ghiasi et al. 2018, section 3)."""
    return rate * at.progress


def annealed(rate: Tensor, at: TrainingProgress) -> Tensor:
    """Decrease linearly from the rate to 0 (annealed dropout, Rennie et al. 2014, IEEE SLT)."""
    return rate * (1 - at.progress)


def early(rate: Tensor, at: TrainingProgress, fraction: float) -> Tensor:
    """Apply the rate in the first ``fraction`` of the training only, against underfitting (Liu et al. 2023, ICML)."""
    return torch.where(at.progress < fraction, rate, 0)


def late(rate: Tensor, at: TrainingProgress, fraction: float) -> Tensor:
    """Apply the rate after the first ``fraction`` of the training, against overfitting (Liu et al. 2023, ICML)."""
    return torch.where(at.progress < fraction, 0, rate)


def curriculum(rate: Tensor, at: TrainingProgress, gamma: float) -> Tensor:
    """Increase from 0 towards the rate as 1 - exp(-gamma progress) (Morerio et al. 2017, ICCV, equation 4).

    With gamma = 10, the paper's choice of 10 / number of steps, half the rate is reached after 7 % of the training.
    """
    return rate * (1 - torch.exp(-gamma * at.progress))


def step(rate: Tensor, at: TrainingProgress, steps: int) -> Tensor:
    """Increase to the rate in ``steps`` equal steps, starting at rate / steps."""
    stair = (at.progress * steps).floor().clamp(max=steps - 1) + 1
    return rate * stair / steps


def plateau(rate: Tensor, at: TrainingProgress, steps: int) -> Tensor:
    """Increase to the rate in ``steps`` equal steps, starting at rate / steps, at plateaus of the validation loss.

    The next step is taken whenever the validation loss has not fallen for ``schedule.patience`` epochs. This rule is
    not from a paper: it raises the noise at plateaus, as learning-rate schedules reduce the learning rate there.
    """
    return rate * (at.stalls + 1).clamp(max=steps) / steps


SCHEDULES: dict[str, Callable[..., Tensor]] = {
    f.__name__: f for f in (constant, linear, annealed, early, late, curriculum, step, plateau)
}


def make_schedule(kind: str, settings: object) -> Schedule:
    """Return the schedule of this name, with its parameters taken from the attributes of ``settings``."""
    function = SCHEDULES[kind]
    names = list(inspect.signature(function).parameters)[2:]
    return partial(function, **{name: getattr(settings, name) for name in names})
