"""Child process that communicates over two pipes and exits with its parent."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import torch

from dropout_lab.process_settings import end_openmp_threads
from dropout_lab.signals import reset
from dropout_lab.sweeps.progress import THREAD

Result = TypeVar("Result")
Serve = Callable[[IO[bytes], IO[bytes]], None]
# Threads that may run during a fork: the monitor of tqdm and the thread of progress lines, which holds no lock.
OURS = ("tqdm_monitor", THREAD)
# Makes the system's out-of-memory killer choose a child before its parent, which stores the results.
OOM_SCORE = "500"


@dataclass(frozen=True)
class ChildProcess:
    """A running child process.

    Args:
        asks: pipe from this process to the child.
        answers: pipe from the child to this process.
        kill: kills the child.
        wait: waits for the child and returns its exit status, negative for the number of a signal.
    """

    asks: IO[bytes]
    answers: IO[bytes]
    kill: Callable[[], None]
    wait: Callable[[], int]

    def close(self) -> None:
        """Close the pipes."""
        for stream in (self.asks, self.answers):
            with suppress(OSError):  # buffered data cannot be delivered to a dead child
                stream.close()


def can_fork() -> bool:
    """Return whether a fork of this process can train.

    Forking is safe only on Linux, without an accelerator, whose driver does not survive a fork, and without foreign
    threads, as in a notebook, whose locks would stay locked in the fork.
    """
    return (
        sys.platform == "linux"
        and not torch.accelerator.is_available()
        and not multiprocessing.current_process().daemon  # daemonic processes may not have children
        and all(thread is threading.current_thread() or thread.name in OURS for thread in threading.enumerate())
        and all(stream is not None for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))
    )


def fork_process(serve: Serve) -> ChildProcess:
    """Fork this process; the child has all modules and data loaded and starts at once.

    Args:
        serve: function that the child runs, given its input and its output stream.

    Raises:
        OSError: the process cannot be started, such as for lack of memory.
    """
    end_openmp_threads()  # a fork has none of the threads that OpenMP of this process believes to have
    with ExitStack() as ends:  # closes the pipes if the fork fails
        (reads, asks), (answers, writes) = _pipe(ends), _pipe(ends)
        process = multiprocessing.get_context("fork").Process(target=_alone, args=(serve, reads, writes), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 and later warn about threads; besides those of OURS there are only idle ones of torch.
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
    os.setsid()  # Ctrl-C goes to the parent, which stops its children
    reset()
    prefer_for_oom_killer()
    # Close all inherited files, because locks and the ends of other pipes must be released when the parent exits. The
    # descriptors are redirected instead of freed, so that the finalizer of an inherited object cannot close a new file.
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if file > 2 and file not in (reads, writes, nothing):
            with suppress(OSError):  # the listing includes its own descriptor, which is closed by now
                os.fstat(file)
                os.dup2(nothing, file)
    os.dup2(2, 1)  # library output must not mix with the parent's standard output
    torch.set_num_threads(1)  # a fork does not copy torch's threads
    with os.fdopen(reads, "rb") as requests, os.fdopen(writes, "wb") as answers:
        serve(requests, answers)


class ProcessEnded(Exception):
    """A child process ended before it answered; ``str()`` says how."""


def run_isolated(work: Callable[[], Result]) -> Result:
    """Run a function of the user's code in a fork of this process, which it may end; return what it returns.

    Where forking is not safe, the function runs in this process.

    Raises:
        ProcessEnded: the function ended its process.
        Exception: whatever the function raises. A KeyboardInterrupt, which its process ignores, is a RuntimeError.
    """
    if not can_fork():
        return work()

    threads = torch.get_num_threads()

    def serve(asks: IO[bytes], answers: IO[bytes]) -> None:
        torch.set_num_threads(threads)  # another number rounds sums differently
        try:
            answer: tuple[Any, BaseException | None] = (work(), None)
        except Exception as error:
            answer = (None, error)
        except BaseException as error:
            answer = (None, RuntimeError(f"{type(error).__name__} was raised"))
        pickle.dump(answer, answers)
        answers.flush()

    child = fork_process(serve)
    try:
        result, error = pickle.load(child.answers)
    except (EOFError, pickle.UnpicklingError):
        raise ProcessEnded(describe_exit(child.wait())) from None
    finally:
        child.kill()  # its threads may still run
        child.wait()
        child.close()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def prefer_for_oom_killer() -> None:
    """Let the system end this process before others when memory runs out."""
    with suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)


def describe_exit(status: int) -> str:
    """Return how a process ended, in words.

    Args:
        status: its exit status, negative for the number of a signal.
    """
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "unknown"
    cause = ", perhaps because memory ran out" if name == "SIGKILL" else ""
    return f"was killed by signal {-status} ({name}){cause}"


def launch_process(module: str) -> ChildProcess:
    """Start a new interpreter that runs a module of this package; its imports take seconds.

    Args:
        module: name of the module; it reads from standard input and answers on standard output.

    Raises:
        OSError: the process cannot be started, such as for lack of memory.
    """
    package = str(Path(__file__).resolve().parents[2])
    # The child must be able to import everything that this process can, such as a custom network.
    path = os.pathsep.join(filter(None, [package, *sys.path]))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],  # -P: files of the working folder hide no installed module
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C goes to the parent, which stops its children
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return ChildProcess(process.stdin, process.stdout, process.kill, process.wait)
