"""Progress of a sweep in trial epochs: a bar on a terminal, otherwise one line every 30 seconds."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from tqdm import tqdm

from dropout_lab.signals import raise_pending

INTERVAL = 30.0  # seconds between two lines if standard error is not a terminal
THREAD = "progress-lines"


_silent = False


@contextmanager
def silent_progress() -> Iterator[None]:
    """Show no progress within the context."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


class _Quiet(tqdm):  # type: ignore[type-arg]
    """Bar without tqdm's monitor thread and lock; creating that lock would fix the multiprocessing start method."""

    monitor_interval = 0
    _lock = threading.RLock()


class ProgressBar:
    """Progress and remaining time of a sweep, on standard error.

    Args:
        total: number of units, such as the epochs of all trials together.
        work: description of the work.
        unit: name of the unit, plural.
        done: number of units that were done before.
    """

    def __init__(self, total: int, work: str = "training", unit: str = "epochs", done: int = 0):
        self._bar = _Quiet(
            total=total,
            initial=done,
            desc=work,
            unit=f" {unit}",
            disable=_silent or None,
            leave=False,
            dynamic_ncols=True,
            mininterval=0.2,
            miniters=1,  # fixed: an adaptive value would need the monitor thread
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} " + unit + ", {elapsed} elapsed, "
            "{remaining} left",
        )
        self._lines = _Lines(total, work, unit, done) if self._bar.disable and not _silent else None

    def add(self, epochs: int) -> None:
        """Count finished epochs.

        Raises:
            KeyboardInterrupt: the command was interrupted, and the original exception was swallowed.
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
    """Thread that writes a line of progress every :data:`INTERVAL` seconds.

    It writes to the file descriptor, because a Python lock held by this thread would stay locked in a fork.
    """

    def __init__(self, total: int, work: str, unit: str, before: int = 0):
        self.done, self._before, self._total, self._work, self._unit = before, before, total, work, unit
        self._started, self._stopped = time.monotonic(), threading.Event()
        threading.Thread(target=self._write, name=THREAD, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def line(self) -> str:
        """Return the state of the work in one line."""
        elapsed = time.monotonic() - self._started
        now = self.done - self._before
        left = tqdm.format_interval(elapsed * max(self._total - self.done, 0) / now) if now else "?"
        percent = 100 * self.done / max(self._total, 1)
        count = f"{self.done:,} of {self._total:,} {self._unit} ({percent:.0f} %)"
        return f"{self._work}: {count}, {tqdm.format_interval(elapsed)} elapsed, {left} left\n"

    def _write(self) -> None:
        while not self._stopped.wait(INTERVAL):
            try:
                os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, self.line().encode())
            except (OSError, ValueError):  # standard error is closed
                return
