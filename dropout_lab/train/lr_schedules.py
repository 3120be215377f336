"""Learning-rate schedules: pure functions of the training progress that return a factor of ``train.lr``."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

from dropout_lab.config import LRScheduleConf


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


def constant(at: Progress) -> float:
    """Keep the learning rate constant."""
    return 1.0


def exponential(at: Progress, gamma: float, hold: int) -> float:
    """Multiply by ``gamma`` before each epoch after the first ``hold``; ``hold=1`` is torch's ``ExponentialLR``."""
    return float(gamma ** max(0.0, at.done + 1 - hold))


def step(at: Progress, gamma: float, step_size: int) -> float:
    """Multiply by ``gamma`` every ``step_size`` epochs, as torch's ``StepLR``."""
    return float(gamma ** (at.done // step_size))


def linear_warmup(at: Progress, warm_up: float, start: float) -> float:
    """Rise linearly from ``start`` to 1 in ``warm_up`` epochs, as torch's ``LinearLR``.

    Source:
        Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """
    if at.done >= warm_up:
        return 1.0
    return start + (1 - start) * at.done / warm_up


def cosine(at: Progress, final: float, warm_up: float, start: float) -> float:
    """Fall to ``final`` along half a cosine, optionally after a linear warm-up.

    Source:
        Loshchilov and Hutter 2017, ICLR, equation 5, without restarts.
    """
    if at.done < warm_up:
        return linear_warmup(at, warm_up, start)
    return _along_cosine(1.0, final, (at.done - warm_up) / (at.epochs - warm_up))


def one_cycle(at: Progress, peak: float, div_factor: float, final_div_factor: float) -> float:
    """Rise from ``1 / div_factor`` to 1, then fall to ``1 / (div_factor final_div_factor)``.

    Both phases follow half a cosine, as torch's ``OneCycleLR`` does without cycling the momentum.

    Source:
        Smith and Topin 2019, arXiv:1708.07120.
    """
    low = 1 / div_factor
    top, last = max(0.0, peak * at.epochs - at.unit), at.epochs - at.unit
    if at.done < top:
        return _along_cosine(low, 1.0, at.done / top)
    return _along_cosine(1.0, low / final_div_factor, min(1.0, (at.done - top) / (last - top)) if last > top else 0.0)


def _along_cosine(first: float, last: float, part: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


LR_SCHEDULES: dict[str, Callable[..., float]] = {
    f.__name__: f for f in (constant, exponential, step, cosine, linear_warmup, one_cycle)
}


def lr_factor(conf: LRScheduleConf, epoch: int, update: int, updates: int, epochs: int) -> float:
    """Return the factor of ``train.lr`` at an update.

    Args:
        conf: the schedule with its settings.
        epoch: the current epoch, counted from 1.
        update: number of completed updates of this epoch.
        updates: number of updates per epoch.
        epochs: number of epochs of the whole run.
    """
    by_update = conf.by == "update"
    at = Progress(epoch - 1 + (update / updates if by_update else 0), epochs, 1 / updates if by_update else 1.0)
    function = LR_SCHEDULES[conf.kind]
    names = list(inspect.signature(function).parameters)[1:]
    return function(at, **{name: getattr(conf, name) for name in names})
