"""Schedules of the rate during training: each is a frozen dataclass of its options, called with rate and progress.

A schedule takes the configured rate (any shape) and the training progress, whose tensors broadcast with the rate, and
returns the rate to apply, which never exceeds the configured one.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.settings import MOST, Options, option_values, setting


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


class Schedule(Options):
    """Base class of the schedules of the rate.

    Attributes:
        kind: name in the registry.
    """

    kind: ClassVar[str]

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        """Return the rate to apply, in the shape of ``rate``."""
        raise NotImplementedError


class Constant(Schedule):
    """Return the rate unchanged."""

    kind: ClassVar[str] = "constant"

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return rate


class Linear(Schedule):
    """Increase linearly from 0 to the rate, as the schedule of DropBlock (Ghiasi et al. 2018, section 3)."""

    kind: ClassVar[str] = "linear"

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return rate * at.progress


class Annealed(Schedule):
    """Decrease linearly from the rate to 0 (annealed dropout, Rennie et al. 2014, IEEE SLT)."""

    kind: ClassVar[str] = "annealed"

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return rate * (1 - at.progress)


@dataclass(frozen=True)
class Early(Schedule):
    """Apply the rate in the first ``fraction`` of the training only, against underfitting (Liu et al. 2023, ICML)."""

    kind: ClassVar[str] = "early"
    fraction: float = setting(0.5, low=0, high=1, help="fraction of the training before the change")

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return torch.where(at.progress < self.fraction, rate, 0)


class Late(Early):
    """Apply the rate after the first ``fraction`` of the training, against overfitting (Liu et al. 2023, ICML)."""

    kind: ClassVar[str] = "late"

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return torch.where(at.progress < self.fraction, 0, rate)


@dataclass(frozen=True)
class Curriculum(Schedule):
    """Increase from 0 towards the rate as 1 - exp(-gamma progress) (Morerio et al. 2017, ICCV, equation 4).

    With gamma = 10, the paper's choice of 10 / number of steps, half the rate is reached after 7 % of the training.
    """

    kind: ClassVar[str] = "curriculum"
    gamma: float = setting(
        10.0,
        low=0,
        open_low=True,
        high=MOST,
        help="growth constant of the rate; larger values reach the full rate earlier",
    )

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return rate * (1 - torch.exp(-self.gamma * at.progress))


@dataclass(frozen=True)
class Step(Schedule):
    """Increase to the rate in ``steps`` equal steps, starting at rate / steps."""

    kind: ClassVar[str] = "step"
    steps: int = setting(3, low=1, high=MOST, help="number of equal steps up to the rate")

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        stair = (at.progress * self.steps).floor().clamp(max=self.steps - 1) + 1
        return rate * stair / self.steps


@dataclass(frozen=True)
class Plateau(Step):
    """Increase to the rate in ``steps`` equal steps, starting at rate / steps, at plateaus of the validation loss.

    The next step is taken whenever the validation loss has not fallen for ``patience`` epochs. This rule is not from a
    paper: it raises the noise at plateaus, as learning-rate schedules reduce the learning rate there.
    """

    kind: ClassVar[str] = "plateau"
    patience: int = setting(
        2, low=1, high=MOST, help="number of epochs without improvement of the validation loss before the next step"
    )

    def __call__(self, rate: Tensor, at: TrainingProgress) -> Tensor:
        return rate * (at.stalls + 1).clamp(max=self.steps) / self.steps


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.kind: schedule for schedule in (Constant, Linear, Annealed, Early, Late, Curriculum, Step, Plateau)
}


def make_schedule(kind: str, settings: object) -> Schedule:
    """Return the schedule of this name, with its options taken from the attributes of ``settings``."""
    made = SCHEDULES[kind]
    return made(**option_values(made, settings))
