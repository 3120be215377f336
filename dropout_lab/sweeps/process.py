"""A child process that serves this one over two pipes, and ends when this one does, however that ends."""

import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

from dropout_lab.signals import reset
from dropout_lab.sweeps.progress import THREAD

Serve = Callable[[IO[bytes], IO[bytes]], None]
# Threads that may run when this process is copied: tqdm's, which looks at the bars now and then, and that of progress
# lines, which holds no lock.
OURS = ("tqdm_monitor", THREAD)


@dataclass(frozen=True)
class ChildProcess:
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
    """Whether a copy of this process can go on to train.

    Not safely but on Linux; not beside an accelerator, whose driver does not survive it; and not beside threads of
    others, as in a notebook, whose locks would stay locked in the copy for ever.
    """
    return (
        sys.platform == "linux"
        and not torch.accelerator.is_available()
        and not multiprocessing.current_process().daemon  # which may have no children of this kind
        and all(thread is threading.current_thread() or thread.name in OURS for thread in threading.enumerate())
        and all(stream is not None for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))
    )


def fork_process(serve: Serve) -> ChildProcess:
    """A copy of this process with all that it has imported and loaded, there at once.

    Args:
        serve: what it does with what it reads and where it writes.

    Raises:
        OSError: the machine has no room for it.
    """
    with ExitStack() as ends:  # closed, if it comes to nothing
        (reads, asks), (answers, writes) = _pipe(ends), _pipe(ends)
        process = multiprocessing.get_context("fork").Process(target=_alone, args=(serve, reads, writes), daemon=True)
        with warnings.catch_warnings():
            # From Python 3.12 on it warns of threads, of which there are only those of torch, which wait for work.
            warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
            process.start()
        ends.pop_all()
    os.close(reads)
    os.close(writes)

    def wait() -> int:
        process.join()
        return process.exitcode or 0

    return ChildProcess(os.fdopen(asks, "wb"), os.fdopen(answers, "rb"), process.kill, wait)


def _pipe(ends: ExitStack) -> tuple[int, int]:
    pair = os.pipe()
    for end in pair:
        ends.callback(os.close, end)
    return pair


def _alone(serve: Serve, reads: int, writes: int) -> None:
    os.setsid()  # Ctrl-C is for the caller, which stops its children itself
    reset()
    # Nothing of the caller's stays open: a lock that it holds must go when it goes, and so must the ends of other
    # pipes. The numbers stay taken, so that an object that is given up here cannot close a file that came after it.
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if file > 2 and file not in (reads, writes, nothing):
            with suppress(OSError):  # the folder itself was one of them
                os.fstat(file)
                os.dup2(nothing, file)
    os.dup2(2, 1)  # nothing that a library prints may get among the caller's tables
    torch.set_num_threads(1)  # its threads were not copied
    serve(os.fdopen(reads, "rb"), os.fdopen(writes, "wb"))


def launch_process(module: str) -> ChildProcess:
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
    return ChildProcess(process.stdin, process.stdout, process.kill, process.wait)
