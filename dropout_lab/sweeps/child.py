"""A child process that serves this one over two pipes, and ends when this one does, however that ends."""

import multiprocessing
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

Serve = Callable[[IO[bytes], IO[bytes]], None]


@dataclass(frozen=True)
class Child:
    """A running child.

    Args:
        asks: what this process writes and the child reads.
        answers: the other way.
        kill: ends it, whatever it is doing.
        wait: returns its exit status when it has ended, minus the signal's number if that was one.
    """

    asks: IO[bytes]
    answers: IO[bytes]
    kill: Callable[[], None]
    wait: Callable[[], int]

    def close(self) -> None:
        """Close the pipes."""
        for stream in (self.asks, self.answers):
            with suppress(OSError):  # what was still to be sent has nobody to go to
                stream.close()


def can_fork() -> bool:
    """Whether a copy of this process can go on to train: not beside an accelerator, whose driver does not survive it,
    and not safely but on Linux."""
    return (
        sys.platform == "linux"
        and not torch.accelerator.is_available()
        and not multiprocessing.current_process().daemon  # which may have no children of this kind
    )


def forked(serve: Serve) -> Child:
    """A copy of this process with all that it has imported and loaded, there at once.

    Args:
        serve: what it does with what it reads and where it writes.

    Raises:
        OSError: the machine has no room for it.
    """
    reads, asks = os.pipe()
    answers, writes = os.pipe()
    process = multiprocessing.get_context("fork").Process(target=_alone, args=(serve, reads, writes), daemon=True)
    try:
        with warnings.catch_warnings():
            # From Python 3.12 on it warns of threads that hold locks. The child takes none of theirs: those of torch
            # wait for work, and the allocator sees to its own.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    except OSError:
        os.close(asks)
        os.close(answers)
        raise
    finally:
        os.close(reads)
        os.close(writes)

    def wait() -> int:
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    return Child(os.fdopen(asks, "wb"), os.fdopen(answers, "rb"), process.kill, wait)


def _alone(serve: Serve, reads: int, writes: int) -> None:
    os.setsid()  # Ctrl-C is for the caller, which stops its children itself
    # Nothing else of the caller's: a lock that it holds must go when it goes, and so must the ends of other pipes.
    low, high = sorted((reads, writes))
    for first, end in ((3, low), (low + 1, high), (high + 1, os.sysconf("SC_OPEN_MAX"))):
        os.closerange(first, end)
    os.dup2(2, 1)  # nothing that a library prints may get among the caller's tables
    torch.set_num_threads(1)  # its threads were not copied
    serve(os.fdopen(reads, "rb"), os.fdopen(writes, "wb"))


def launched(module: str) -> Child:
    """A new interpreter that runs a module of ours; it takes seconds to import what this process has.

    Args:
        module: reads from its standard input and answers on its standard output.

    Raises:
        OSError: the machine has no room for it.
    """
    package = str(Path(__file__).resolve().parents[2])
    # What this process can import, the user's own network above all, the child can.
    path = os.pathsep.join(filter(None, [package, *sys.path]))
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # as above
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return Child(process.stdin, process.stdout, process.kill, process.wait)
