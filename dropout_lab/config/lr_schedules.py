"""Learning-rate schedules: each is a frozen dataclass of its options that returns a factor of ``train.lr``."""

import math
from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.settings import MOST, Options, setting


@dataclass(frozen=True)
class Progress:
    """Position of an update within a training run.

    Args:
        done: number of completed epochs, fractional if the learning rate changes at every update.
        epochs: number of epochs of the whole run.
        unit: epochs between two changes of the learning rate: 1, or 1 / updates per epoch.
    """

    done: float
    epochs: int
    unit: float = 1.0


class LRSchedule(Options):
    """Base class of the learning-rate schedules. Their lengths are in epochs.

    Attributes:
        kind: name in the registry.
    """

    kind: ClassVar[str]

    def factor(self, at: Progress) -> float:
        """Return the factor of ``train.lr``."""
        raise NotImplementedError

    @property
    def warm_up_epochs(self) -> float:
        """Number of epochs in which the learning rate first rises."""
        return 0.0

    @property
    def is_constant(self) -> bool:
        """Whether the learning rate is constant under these options."""
        return False


@dataclass(frozen=True)
class ConstantLR(LRSchedule):
    """Keep the learning rate constant."""

    kind: ClassVar[str] = "constant"

    def factor(self, at: Progress) -> float:
        return 1.0

    @property
    def is_constant(self) -> bool:
        return True


@dataclass(frozen=True)
class Decay(LRSchedule):
    """Base class of the schedules that multiply the learning rate by ``gamma`` again and again."""

    gamma: float = setting(
        0.95,
        low=0,
        open_low=True,
        high=1,
        pack="own",
        identity_key="train.lr_decay",
        help="factor applied to the learning rate per epoch (exponential) or every lr_schedule.step_size epochs (step)",
    )

    @property
    def is_constant(self) -> bool:
        return self.gamma == 1


@dataclass(frozen=True)
class ExponentialLR(Decay):
    """Multiply by ``gamma`` before each epoch after the first ``hold``; ``hold=1`` is torch's ``ExponentialLR``."""

    kind: ClassVar[str] = "exponential"
    hold: int = setting(
        0,
        low=0,
        high=MOST,
        pack="own",
        identity_key="train.lr_hold",
        help="epochs before the learning rate begins to decrease; 0: it is multiplied by gamma before the first epoch",
    )

    def factor(self, at: Progress) -> float:
        return float(self.gamma ** max(0.0, at.done + 1 - self.hold))


@dataclass(frozen=True)
class StepLR(Decay):
    """Multiply by ``gamma`` every ``step_size`` epochs, as torch's ``StepLR``."""

    kind: ClassVar[str] = "step"
    step_size: int = setting(10, low=1, high=MOST, pack="own", help="number of epochs between two steps")

    def factor(self, at: Progress) -> float:
        return float(self.gamma ** (at.done // self.step_size))


@dataclass(frozen=True)
class LinearWarmupLR(LRSchedule):
    """Rise linearly from ``start`` to 1 in ``warm_up`` epochs, as torch's ``LinearLR``.

    Source:
        Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """

    kind: ClassVar[str] = "linear_warmup"
    warm_up: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        pack="own",
        help="number of warm-up epochs, in which the learning rate increases linearly to train.lr; 0: none",
    )
    start: float = setting(
        0.1,
        low=0,
        high=1,
        pack="own",
        unless=("lr_schedule.warm_up", 0.0),
        help="learning rate at the start of the warm-up, as a fraction of train.lr",
    )

    def factor(self, at: Progress) -> float:
        if at.done >= self.warm_up:
            return 1.0
        return self.start + (1 - self.start) * at.done / self.warm_up

    @property
    def warm_up_epochs(self) -> float:
        return self.warm_up

    @property
    def is_constant(self) -> bool:
        return self.warm_up == 0 or self.start == 1


@dataclass(frozen=True)
class CosineLR(LinearWarmupLR):
    """Fall to ``final`` along half a cosine, optionally after a linear warm-up.

    Source:
        Loshchilov and Hutter 2017, ICLR, equation 5, without restarts.
    """

    kind: ClassVar[str] = "cosine"
    final: float = setting(
        0.0, low=0, high=1, pack="own", help="learning rate at the end of training, as a fraction of train.lr"
    )

    def factor(self, at: Progress) -> float:
        if at.done < self.warm_up:
            return super().factor(at)
        return _along_cosine(1.0, self.final, (at.done - self.warm_up) / (at.epochs - self.warm_up))

    @property
    def is_constant(self) -> bool:
        return self.final == 1 and super().is_constant


@dataclass(frozen=True)
class OneCycleLR(LRSchedule):
    """Rise from ``1 / div_factor`` to 1, then fall to ``1 / (div_factor final_div_factor)``.

    Both phases follow half a cosine, as torch's ``OneCycleLR`` does without cycling the momentum.

    Source:
        Smith and Topin 2019, arXiv:1708.07120.
    """

    kind: ClassVar[str] = "one_cycle"
    peak: float = setting(
        0.3,
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        pack="own",
        help="fraction of the training after which the learning rate reaches its maximum, train.lr",
    )
    div_factor: float = setting(
        25.0, low=1, high=MOST, pack="own", help="ratio of train.lr to the learning rate at the start of the cycle"
    )
    final_div_factor: float = setting(
        1e4,
        low=1,
        high=MOST,
        pack="own",
        help="ratio of the learning rate at the start of the cycle to that at its end",
    )

    def factor(self, at: Progress) -> float:
        low = 1 / self.div_factor
        top, last = max(0.0, self.peak * at.epochs - at.unit), at.epochs - at.unit
        if at.done < top:
            return _along_cosine(low, 1.0, at.done / top)
        part = min(1.0, (at.done - top) / (last - top)) if last > top else 0.0
        return _along_cosine(1.0, low / self.final_div_factor, part)


def _along_cosine(first: float, last: float, part: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


LR_SCHEDULES: dict[str, type[LRSchedule]] = {
    schedule.kind: schedule for schedule in (ConstantLR, ExponentialLR, StepLR, CosineLR, LinearWarmupLR, OneCycleLR)
}
