"""Output of the command line: results on standard output, one line per error on standard error."""

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import printable

WRONG = 2  # exit status of an invalid command or value


def say(line: str) -> None:
    """Print a line of results."""
    try:
        print(printable(line, "\n\t"), flush=True)  # noqa: T201
    except OSError:
        # The reader (such as `head`) closed the pipe, or the disk is full: no reason to stop training. The descriptor
        # is replaced so that Python does not report the error again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(line: str, status: int = WRONG) -> int:
    """Print one line about a problem, and return the exit status."""
    with suppress(OSError):
        print(f"{PROGRAM}: {printable(' '.join(line.split()))}", file=sys.stderr)  # noqa: T201
    return status


def blame(line: str) -> None:
    """Print one line about a problem."""
    complain(line)


def replace_nonfinite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace NaN and infinity, which JSON does not have, by None."""
    finite = {name: not isinstance(value, float) or math.isfinite(value) for name, value in values.items()}
    return {name: value if finite[name] else None for name, value in values.items()}
