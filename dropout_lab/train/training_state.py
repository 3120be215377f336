"""State of a training between two steps: its content, storage and restoration."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dropout_lab.config.measurements import measured_on_request
from dropout_lab.data import Dataset
from dropout_lab.models import Params
from dropout_lab.train.curves import from_columns, to_columns
from dropout_lab.train.monitor import NoMonitor, PackMonitor, PackPosition
from dropout_lab.train.pack import Pack
from dropout_lab.train.pack_state import capture_pack, resume_pack
from dropout_lab.train.result import TrialResult
from dropout_lab.train.stopping import BestTracker, PlateauCounter
from dropout_lab.trial import Trial

RECENT = 100  # number of steps over which the shown loss is averaged


class TrainingState:
    """State of the training of a pack.

    Args:
        trials: see :class:`Pack`.
        dataset: the data of the trials.
        progress: called with the number of trial epochs that have been completed or are no longer needed.
        monitor: observes each step.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        dataset: Dataset,
        progress: Callable[[int], None],
        monitor: PackMonitor | None = None,
    ):
        self.started, self.seconds_before = time.perf_counter(), 0.0  # in this process; in earlier ones
        self.trials, self.progress, self.monitor = trials, progress, monitor or NoMonitor()
        self.whole = self.pack = Pack(trials, dataset)
        self.conf = trials[0].config.train
        self.inside = list(range(len(trials)))  # index in self.pack -> index in self.trials
        self.stalls = PlateauCounter(trials[0].config.schedule.patience, len(trials))
        self.watch = BestTracker(self.pack.regularizers.stopping, self.pack.params)
        self.requested = measured_on_request(trials[0].config)
        monitors = set(self.watch.monitors(self.inside))
        self.monitored = [name for name in self.requested if f"val_{name}" in monitors]
        self.final: Params = {name: p.detach().clone() for name, p in self.pack.params.items()}
        self.dropped = torch.zeros(2, len(trials), dtype=torch.int64)
        self.epochs_run = [0] * len(trials)
        self.results = [TrialResult("ok") for _ in trials]
        self.epoch, self.steps_here, self.last_loss = 1, 0, math.nan
        self.batches: Sequence[Tensor] = ()  # rows of the batches of the current epoch; empty between epochs
        self.sums: list[Tensor] = []  # sum of the losses of each step of the current epoch, [M] each

    def seconds(self) -> float:
        """Return the time of this training so far, in this and in earlier processes."""
        return self.seconds_before + time.perf_counter() - self.started

    def mean_losses(self, count: int) -> Tensor:
        """Return the mean loss of each model, [M], over the last ``count`` steps of the current epoch."""
        done = len(self.sums)
        seen = sum(rows[0].numel() for rows in self.batches[done - count : done])
        return torch.stack(self.sums[done - count :]).double().sum(0) / seen

    def position(self) -> PackPosition:
        """Return the position before the next step."""
        recent = min(len(self.sums), RECENT)
        left = (len(self.trials) - len(self.inside)) * self.conf.epochs
        return PackPosition(
            epoch=self.epoch,
            step=len(self.sums),
            steps=len(self.batches),
            epochs=self.conf.epochs,
            models=len(self.inside),
            epochs_done=len(self.inside) * (self.epoch - 1) + left,
            loss=self.mean_losses(recent).mean().item() if recent else self.last_loss,
            seconds=self.seconds(),
            here=time.perf_counter() - self.started,
            steps_here=self.steps_here,
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state before the next step, from which :meth:`load_state_dict` continues to the bit."""
        return {
            "epoch": self.epoch,
            "sums": torch.stack(self.sums) if self.sums else None,
            "last_loss": self.last_loss,
            "seconds": self.seconds(),
            "inside": self.inside,
            "pack": capture_pack(self.pack),
            "stalls": self.stalls.state_dict(),
            "watch": self.watch.state_dict(),
            "final": self.final if len(self.inside) < len(self.trials) else {},  # of the models that have left
            "dropped": self.dropped,
            "epochs_run": self.epochs_run,
            "curves": [to_columns(result.curve) for result in self.results],
            "diverged": [result.status == "diverged" for result in self.results],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set a new training to a state that :meth:`state_dict` returned for the same trials."""
        self.inside = list(state["inside"])
        if len(self.inside) < len(self.trials):
            self.pack = self.pack.select(self.inside)
        self.batches = resume_pack(self.pack, state["pack"])
        self.sums = [] if state["sums"] is None else list(state["sums"].to(self.pack.optimizer.lr.device))
        self.epoch, self.last_loss, self.seconds_before = state["epoch"], state["last_loss"], state["seconds"]
        self.stalls.load_state_dict(state["stalls"])
        self.watch.load_state_dict(state["watch"])
        for name, values in state["final"].items():
            self.final[name].copy_(values)
        self.dropped, self.epochs_run = state["dropped"].clone(), list(state["epochs_run"])
        curves = zip(self.trials, state["curves"], state["diverged"], strict=True)
        self.results = [
            TrialResult("diverged" if diverged else "ok", curve=from_columns(columns, trial.id))
            for trial, columns, diverged in curves
        ]
