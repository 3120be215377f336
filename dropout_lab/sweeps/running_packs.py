"""Packs in training, as seen from other processes: one small file per pack, which ``dropout-lab status`` reads."""

import json
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dropout_lab.errors import format_setting
from dropout_lab.files import is_running
from dropout_lab.sweeps.pack_checkpoints import checkpoint_path
from dropout_lab.sweeps.process_ids import get_start
from dropout_lab.train.monitor import PackPosition
from dropout_lab.trial import Trial

NAME = "running"
# A process on another machine counts as running if it has written within this time.
SILENCE = 600.0


@dataclass(frozen=True)
class RunningPack:
    """Position of a pack in training.

    Args:
        trials: ids of the trials.
        description: settings of the trials that fit into a line.
        epoch: current epoch, counted from 1.
        epochs: number of epochs of the whole training.
        step: number of completed steps of this epoch.
        steps: number of steps per epoch.
        models: number of models that are still in training.
        loss: recent mean training loss.
        steps_per_second: speed of this process.
        elapsed: training time in seconds, including earlier processes.
        left: seconds until the last epoch ends at this speed; None before the first step.
        host: name of the machine.
        process: id of the process.
        started: start of the process as the system counts it; it tells processes with the same id apart.
        written: time of the file, in seconds since 1970.
    """

    trials: list[str]
    description: str
    epoch: int
    epochs: int
    step: int
    steps: int
    models: int
    loss: float
    steps_per_second: float
    elapsed: float
    left: float | None
    host: str
    process: int
    started: str
    written: float

    def __post_init__(self) -> None:
        numbers = (self.loss, self.steps_per_second, self.elapsed, self.written, 0 if self.left is None else self.left)
        counts = (self.epoch, self.epochs, self.step, self.steps, self.models, self.process)
        texts = (self.description, self.host, self.started, *self.trials)
        for values, kind in ((numbers, int | float), (counts, int), (texts, str)):
            if not all(isinstance(value, kind) for value in values):
                raise TypeError("a value has an unexpected type")

    @property
    def running(self) -> bool:
        """Whether the process still exists; on another machine, whether it has written recently."""
        if self.host != socket.gethostname():
            return time.time() - self.written < SILENCE
        return is_running(self.process) and get_start(self.process) == self.started


class PositionFile:
    """File with the position of a pack that this process trains.

    Args:
        trials: the trials of the pack.
    """

    def __init__(self, trials: Sequence[Trial]):
        folder, self._ids = Path(trials[0].config.out), [trial.id for trial in trials]
        name = checkpoint_path(folder, self._ids).stem
        self._path = folder / ".dropout-lab" / NAME / f"{name}.json"
        self._description = describe_trials(trials)
        self._started = get_start(os.getpid())

    def write(self, position: PackPosition) -> None:
        """Replace the file; without effect if that is impossible, such as on a full disk."""
        pack = RunningPack(
            trials=self._ids,
            description=self._description,
            epoch=position.epoch,
            epochs=position.epochs,
            step=position.step,
            steps=position.steps,
            models=position.models,
            loss=position.loss,
            steps_per_second=position.steps_per_second,
            elapsed=position.seconds,
            left=position.left,
            host=socket.gethostname(),
            process=os.getpid(),
            started=self._started,
            written=time.time(),
        )
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)  # in a sweep folder only
            new.write_text(json.dumps(asdict(pack)))  # not flushed to disk: it is of no use after a crash
            new.replace(self._path)

    def remove(self) -> None:
        """Remove the file."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def describe_trials(trials: Sequence[Trial]) -> str:
    """Return the variants, rates and seeds of a pack in a few words."""
    rates = list(dict.fromkeys(format_setting(trial.columns["rate"]) for trial in trials))
    seeds = list(dict.fromkeys(str(trial.seed) for trial in trials))
    variants = list(dict.fromkeys(trial.point.variant for trial in trials))
    model = trials[0].config.model.kind
    parts = [model, _shorten(variants), f"rate={_shorten(rates)}", f"seeds={_shorten(seeds)}"]
    return " ".join(parts)


def _shorten(values: Sequence[str]) -> str:
    """Join values by commas, and leave out those in the middle if there are more than four."""
    return ",".join(values if len(values) <= 4 else [*values[:2], "...", values[-1]])


def list_running(folder: str | Path) -> list[RunningPack]:
    """Return the packs whose files are in a sweep folder, also those of processes that have ended."""
    packs = []
    for path in sorted(_folder(folder).glob("*.json")):
        with suppress(OSError, ValueError, TypeError):  # replaced or removed meanwhile
            packs.append(RunningPack(**json.loads(path.read_text())))
    return packs


def remove_ended(folder: str | Path) -> None:
    """Remove the files of processes that have ended, and files that cannot be read."""
    running = {checkpoint_path(folder, pack.trials).stem for pack in list_running(folder) if pack.running}
    for path in _folder(folder).glob("*"):
        if path.name.partition(".")[0] not in running:
            with suppress(OSError):
                path.unlink()


def _folder(folder: str | Path) -> Path:
    return Path(folder) / ".dropout-lab" / NAME
