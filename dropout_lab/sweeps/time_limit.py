"""The time limit of a command (``max_minutes``), counted from its start over all its rounds of training."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from dropout_lab.errors import TimeOver, format_setting

_started: float | None = None


@contextmanager
def command_clock() -> Iterator[None]:
    """Count the time of a command from here; without effect if the time is being counted already."""
    global _started
    before = _started
    if _started is None:
        _started = time.monotonic()
    try:
        yield
    finally:
        _started = before


def is_time_over(minutes: float) -> bool:
    """Return whether a command has run for this time; False for 0, which is no limit, or outside of a command."""
    return minutes > 0 and _started is not None and time.monotonic() - _started >= 60 * minutes


def check_time_left(minutes: float, left: int, stored: str) -> None:
    """Raise TimeOver if the time limit was reached before all trials were trained.

    Args:
        minutes: the time limit; 0 for none.
        left: number of trials without a result.
        stored: one line on what is stored and how to continue.
    """
    if left and is_time_over(minutes):
        trials = f"{left} trial{'s' if left > 1 else ''}"
        raise TimeOver(f"max_minutes={format_setting(minutes)}: the time is over with {trials} left; {stored}")
