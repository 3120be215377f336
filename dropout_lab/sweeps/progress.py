"""Progress of a whole sweep, counted in trial epochs: a bar on a terminal, else a line every half minute."""

import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

from dropout_lab.signals import raise_pending

INTERVAL = 30.0  # seconds between two lines where standard error is no terminal
THREAD = "progress-lines"


class _Quiet(tqdm):  # type: ignore[type-arg]
    """A bar without tqdm's thread, and without its lock, which would fix how this process starts others."""

    monitor_interval = 0
    _lock = threading.RLock()


class ProgressBar:
    """The sweep's progress with its remaining time, on standard error.

    Args:
        total: epochs of all trials together, or what else is counted.
        work: what goes on.
        unit: what is counted.
    """

    def __init__(self, total: int, work: str = "training", unit: str = "epochs"):
        self._bar = _Quiet(
            total=total,
            desc=work,
            unit=f" {unit}",
            disable=None,
            leave=False,
            dynamic_ncols=True,
            mininterval=0.2,
            miniters=1,  # how often it is redrawn is not adapted, so that no thread has to watch it
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} " + unit + ", {elapsed} elapsed, "
            "{remaining} left",
        )
        self._lines = _Lines(total, work, unit) if self._bar.disable else None

    def add(self, epochs: int) -> None:
        """Count epochs that are done.

        Raises:
            KeyboardInterrupt: the command was interrupted, and the exception was lost.
        """
        raise_pending()
        self._bar.update(epochs)
        if self._lines:
            self._lines.done += epochs

    def say(self, say: Callable[[str], None], line: str) -> None:
        """Print a line without breaking the bar."""
        self._bar.clear()
        say(line)
        self._bar.refresh()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.close()
        if self._lines:
            self._lines.stop()


class _Lines:
    """Writes a line of progress every :data:`INTERVAL` seconds, however long an epoch takes.

    It writes to the file descriptor itself: a lock of Python's that this thread held would stay locked in a copy of
    the process.
    """

    def __init__(self, total: int, work: str, unit: str):
        self.done, self._total, self._work, self._unit = 0, total, work, unit
        self._started, self._stopped = time.monotonic(), threading.Event()
        threading.Thread(target=self._write, name=THREAD, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def line(self) -> str:
        """Return the state of the work in one line."""
        elapsed = time.monotonic() - self._started
        left = tqdm.format_interval(elapsed * (self._total - self.done) / self.done) if self.done else "?"
        percent = 100 * self.done / max(self._total, 1)
        count = f"{self.done:,} of {self._total:,} {self._unit} ({percent:.0f} %)"
        return f"{self._work}: {count}, {tqdm.format_interval(elapsed)} elapsed, {left} left\n"

    def _write(self) -> None:
        while not self._stopped.wait(INTERVAL):
            try:
                os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, self.line().encode())
            except (OSError, ValueError):  # no one reads it
                return
