"""One bar for a whole sweep, counted in trial epochs; silent when standard error is no terminal."""

import threading
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm


class _Quiet(tqdm):  # type: ignore[type-arg]
    """A bar without tqdm's thread, and without its lock, which would fix how this process starts others."""

    monitor_interval = 0
    _lock = threading.RLock()


class Bar:
    """The sweep's progress bar with its time to go.

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
            bar_format="{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} " + unit + ", {elapsed} gone, "
            "{remaining} to go",
        )

    def add(self, epochs: int) -> None:
        self._bar.update(epochs)

    def say(self, say: Callable[[str], None], line: str) -> None:
        """Print a line without breaking the bar."""
        self._bar.clear()
        say(line)
        self._bar.refresh()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.close()
