"""Signals that end a command after its finished results have been saved."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Received:
    """The signal that ended a command.

    Attributes:
        number: number of the signal; None if there was none.
    """

    number: int | None = None

    @property
    def status(self) -> int:
        """Exit status by the convention of shells: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + (self.number or signal.SIGINT)


_current: Received | None = None  # of the running command


@contextmanager
def interruptible() -> Iterator[Received]:
    """Raise KeyboardInterrupt at the first ending signal, and ignore further ones while the command cleans up.

    A signal that the caller ignores, as ``nohup`` does with SIGHUP, stays ignored. Outside the main thread, where
    Python allows no handlers, this has no effect.

    Yields:
        The received signal.
    """
    global _current
    received = _current = Received()

    def stop(number: int, frame: FrameType | None) -> None:
        if received.number is None:
            received.number = number
            raise KeyboardInterrupt

    report = sys.unraisablehook

    def drop_interrupt(lost: "sys.UnraisableHookArgs") -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):  # see raise_pending
            report(lost)

    before = {}
    try:
        for number in ENDING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, stop)
    except ValueError:
        before = {}
    sys.unraisablehook = drop_interrupt
    try:
        yield received
    finally:
        _current = None
        sys.unraisablehook = report
        for number, handler in before.items():
            # The process is about to end: a further signal must not interrupt its final messages.
            signal.signal(number, handler if received.number is None else signal.SIG_IGN)


def raise_pending() -> None:
    """Raise KeyboardInterrupt if a signal has ended the command but its exception was lost.

    Interrupted code, such as the initialization of an extension module, may swallow the exception.
    """
    if _current is not None and _current.number is not None:
        raise KeyboardInterrupt


def reset() -> None:
    """Restore the default handlers in a forked process and ignore Ctrl-C, which its parent handles."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
