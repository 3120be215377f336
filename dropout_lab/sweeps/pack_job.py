"""Training of one pack in this process or in a worker process that exchanges pickled packs and results."""

import os
import pickle
import queue
import sys
import threading
import traceback
from typing import IO, Any, NamedTuple

from dropout_lab.data import load
from dropout_lab.models import NetworkError, error_line
from dropout_lab.process_settings import keep_freed_memory, use_threads
from dropout_lab.sweeps.checkpoints import save_weights
from dropout_lab.sweeps.memory import is_out_of_memory
from dropout_lab.sweeps.pack_monitor import FolderMonitor
from dropout_lab.sweeps.plan import PackOf
from dropout_lab.sweeps.process import (
    ChildProcess,
    describe_exit,
    fork_process,
    launch_process,
    prefer_for_oom_killer,
)
from dropout_lab.sweeps.trial_inputs import build_trial_model
from dropout_lab.train.loop import Progress, train_pack
from dropout_lab.train.result import TrialResult

# Multiplications in one training step of one model, below which one thread is at least as fast as two.
WIDE = 2e8
KILL = 9  # SIGKILL


class TrainedPack(NamedTuple):
    """A pack after training.

    Args:
        pack: its trials.
        results: one result per trial.
        error: traceback if the training failed, else empty.
        divisible: whether its training failed for a reason that smaller packs may not have: its process ended, or an
            allocation failed.
        killed: whether another process or the system ended its process.
    """

    pack: PackOf
    results: list[TrialResult]
    error: str = ""
    divisible: bool = False
    killed: bool = False

    @property
    def reason(self) -> str:
        """Why the training failed, in one line."""
        return self.results[0].error


Todo = queue.SimpleQueue[PackOf | None]
Done = queue.SimpleQueue[int | TrainedPack]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def benefits_from_threads(pack: PackOf) -> bool:
    """Return whether several threads train a pack faster than one.

    The answer depends on the pack only: a number of threads that changed between runs would change the rounding.
    """
    return 3 * build_trial_model(pack[0]).size * pack[0].config.train.batch_size > WIDE


def threads_for(pack: PackOf) -> int:
    """Return the number of threads that a pack is trained with on a CPU."""
    return available_cores() if benefits_from_threads(pack) else 1


def train_or_fail(pack: PackOf, progress: Progress, in_child: bool = False) -> TrainedPack:
    """Train one pack in this process; any failure is returned as a failed pack.

    Args:
        pack: the trials.
        progress: called with numbers of finished epochs.
        in_child: whether this is a child process. It ignores Ctrl-C, so that a KeyboardInterrupt comes from a custom
            network.
    """
    try:
        config = pack[0].config
        with use_threads(threads_for(pack)):
            monitor = FolderMonitor(pack)
            try:
                results = train_pack(pack, load(config.data.kind, **config.source), progress, monitor)
            finally:
                monitor.close()
        for trial, result in zip(pack, results, strict=True):
            save_weights(trial, result)  # before the ledger row, which marks the trial as done
        return TrainedPack(pack, results)
    except BaseException as error:  # even sys.exit() in a custom network must not stop the other packs
        if isinstance(error, KeyboardInterrupt) and not in_child:
            raise
        reason = str(error) if isinstance(error, NetworkError) else error_line(error)
        return failed_pack(pack, reason, traceback.format_exc(), is_out_of_memory(error))


def failed_pack(pack: PackOf, reason: str, details: str, divisible: bool = False, killed: bool = False) -> TrainedPack:
    """Return a pack whose trials all have the status ``failed``."""
    return TrainedPack(pack, [TrialResult("failed", error=reason) for _ in pack], details, divisible, killed)


class Worker:
    """A worker process, and the thread that sends it packs from ``todo`` and puts its answers into ``done``.

    Args:
        todo: packs to train, shared by all workers; None ends one of them.
        done: receives numbers of finished epochs and trained packs.
        fork: whether to fork this process instead of starting a new interpreter.

    Raises:
        OSError: the process cannot be started, such as for lack of memory.
    """

    def __init__(self, todo: Todo, done: Done, fork: bool):
        self._todo, self._done, self._stopped = todo, done, False
        self.lost = False  # its process has ended and no other one could be started
        self._child = fork_process(serve_packs) if fork else self._launch()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @staticmethod
    def _launch() -> ChildProcess:
        return launch_process(__spec__.name)

    def _feed(self) -> None:
        while not self._stopped and (pack := self._todo.get()) is not None:
            try:
                self._done.put(self._train(pack))
            except Exception as error:  # such as no memory for a new process; other workers take the rest
                self.lost = True
                self._done.put(failed_pack(pack, f"{type(error).__name__}: {error}", traceback.format_exc(), True))
                return

    def _train(self, pack: PackOf) -> TrainedPack:
        epochs = 0
        try:
            _send(self._child.asks, pack)
            while True:
                event = pickle.load(self._child.answers)
                if not isinstance(event, int):
                    return TrainedPack(pack, *event)
                self._done.put(event)
                epochs += event
        except (EOFError, OSError, pickle.UnpicklingError):
            status = self._child.wait()
            if not self._stopped:
                self._child.close()
                # No fork: by now this process has threads, and a copy could inherit locks in use.
                self._child = self._launch()
            self._done.put(-epochs)
            reason = f"its process {describe_exit(status)}"
            return failed_pack(pack, reason, reason, divisible=True, killed=status == -KILL)

    def stop(self) -> None:
        """Kill the worker process and wait for the thread, for which ``todo`` must hold a None."""
        self._stopped = True
        self._child.kill()
        if self._thread.ident is not None:
            self._thread.join()
        self._child.kill()  # the thread may have started a new process in the meantime
        self._child.wait()
        self._child.close()


def _send(stream: IO[bytes], value: Any) -> None:
    try:
        pickle.dump(value, stream)
        stream.flush()
    except BrokenPipeError:
        raise EOFError from None


def serve_packs(asks: IO[bytes], answers: IO[bytes]) -> None:
    """Read packs and answer with progress and results until the input ends; runs in the worker process."""
    keep_freed_memory()
    while True:
        try:
            pack = pickle.load(asks)
            trained = train_or_fail(pack, lambda epochs: _send(answers, epochs), in_child=True)
            _send(answers, trained[1:])
        except EOFError:  # the parent has exited
            return


def main() -> None:
    """Serve packs over the standard streams."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # library output must not mix with the answers
    prefer_for_oom_killer()
    serve_packs(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
