"""Monitor of a pack in training: writes its checkpoints and shows its position to other processes."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch

from dropout_lab.sweeps.checkpoint_states import read_checkpoint, write_checkpoint
from dropout_lab.sweeps.pack_checkpoints import CheckpointError, CheckpointHeader, checkpoint_path
from dropout_lab.sweeps.running_packs import PositionFile
from dropout_lab.train.monitor import PackPosition
from dropout_lab.trial import Trial

SHOWN_SECONDS = 2.0  # between two positions


class FolderMonitor:
    """Monitor that writes into the sweep folder of its trials.

    Create it in the process that trains, with the number of threads of the training.

    Args:
        trials: the trials of the pack.
    """

    def __init__(self, trials: Sequence[Trial]):
        config = trials[0].config
        self._ids = [trial.id for trial in trials]
        self._path = checkpoint_path(config.out, self._ids)
        self._interval = 60 * (config.train.checkpoint_minutes or float("inf"))
        self._versions: dict[str, Any] = {"torch": str(torch.__version__), "threads": torch.get_num_threads()}
        self._shown = PositionFile(trials)
        self._next_shown, self._next_saved = time.monotonic(), time.monotonic() + self._interval
        self._failed = False

    def load(self) -> Mapping[str, Any] | None:
        """Return the state of the checkpoint of these trials; None if there is none that fits."""
        if not self._path.exists():
            return None
        try:
            return read_checkpoint(self._path, {"trials": self._ids, **self._versions})
        except CheckpointError as error:
            self.reject(str(error))
            return None

    def reject(self, reason: str) -> None:
        """Print why the checkpoint is not used."""
        _warn(f"{self._path}: {reason}; this pack restarts at the first epoch")

    def step(self, position: Callable[[], PackPosition], state: Callable[[], dict[str, Any]]) -> None:
        """Write the position and the checkpoint if it is time to."""
        now = time.monotonic()
        if now >= self._next_shown:
            self._shown.write(position())
            self._next_shown = now + SHOWN_SECONDS
        if now >= self._next_saved:
            self._save(position(), state())
            self._next_saved = time.monotonic() + self._interval

    def _save(self, position: PackPosition, state: Mapping[str, Any]) -> None:
        header = CheckpointHeader(
            self._ids, position.epoch, position.epochs, position.epochs_done, position.seconds, **self._versions
        )
        try:
            write_checkpoint(self._path, header, state)
        except (OSError, MemoryError) as error:  # such as a full disk, which is no reason to end the training
            if not self._failed:
                reason = getattr(error, "strerror", None) or error or "no memory"
                _warn(f"{self._path}: cannot be written ({reason}); training continues without checkpoints")
            self._failed = True

    def close(self) -> None:
        """Remove the position; the checkpoint stays until the results are stored."""
        self._shown.remove()


def _warn(line: str) -> None:
    """Print one line on standard error, also from a worker process."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"dropout-lab: {' '.join(line.split())}\n")
        sys.stderr.flush()
