"""Interface between the training loop and what stores its state and shows its position."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class PackPosition:
    """Position of a pack in its training.

    Args:
        epoch: current epoch, counted from 1.
        step: number of completed steps of this epoch.
        steps: number of steps per epoch.
        epochs: number of epochs of the whole training.
        models: number of models that are still in training.
        epochs_done: number of trial epochs that have been completed or are no longer needed.
        loss: mean training loss over the models and the steps of this epoch, else of the last epoch; NaN at the start.
        seconds: training time so far, including earlier processes.
        here: training time in this process.
        steps_here: number of steps in this process.
    """

    epoch: int
    step: int
    steps: int
    epochs: int
    models: int
    epochs_done: int
    loss: float
    seconds: float
    here: float
    steps_here: int

    @property
    def steps_per_second(self) -> float:
        """Steps per second in this process, with validation; 0 before the first step."""
        return self.steps_here / self.here if self.here > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the last epoch ends at the current speed; None before the first step."""
        remaining = (self.epochs - self.epoch + 1) * self.steps - self.step
        return remaining / self.steps_per_second if self.steps_here else None


class PackMonitor(Protocol):
    """Object that a training reports to."""

    def load(self) -> Mapping[str, Any] | None:
        """Return the state from which the training is to continue; None to start from the beginning."""
        ...

    def reject(self, reason: str) -> None:
        """Receive the reason for which the state of :meth:`load` does not fit the training, which then restarts."""
        ...

    def step(self, position: Callable[[], PackPosition], state: Callable[[], dict[str, Any]]) -> None:
        """Observe the training; called before each step, and calls the functions only if it uses their results."""
        ...


class NoMonitor:
    """Monitor that stores and shows nothing."""

    def load(self) -> Mapping[str, Any] | None:
        """Return None: there is no state."""
        return None

    def reject(self, reason: str) -> None:
        """Do nothing."""

    def step(self, position: Callable[[], PackPosition], state: Callable[[], dict[str, Any]]) -> None:
        """Do nothing."""
