"""Output of the command line: results on standard output, one line per error on standard error."""

import os
import sys
from contextlib import suppress

from dropout_lab.cli.usage import PROGRAM

WRONG = 2  # exit status of a command or value that is refused


def say(line: str) -> None:
    """Print a line of results."""
    try:
        print(line, flush=True)  # noqa: T201
    except OSError:
        # The reader, such as `head`, has seen enough, or the disk is full: no reason to stop training. Python must not
        # complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(line: str, status: int = WRONG) -> int:
    """Print one line of what is wrong, and return the exit status."""
    with suppress(OSError):
        print(f"{PROGRAM}: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201
    return status


def blame(line: str) -> None:
    """Print one line of what is wrong."""
    complain(line)
