"""Who trains the packs: this process, or several of one thread each.

Small networks gain little from a second thread, and threads that wait for each other crawl when the machine has other
work; processes do not wait. A worker is a child that reads pickled packs from its standard input and answers on its
standard output, so it needs nothing of the caller's main module and ends when the caller does, however that ends.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch

from dropout_lab.data import load
from dropout_lab.sweeps.plan import PackOf
from dropout_lab.sweeps.weights import keep
from dropout_lab.train.loop import Progress, train
from dropout_lab.train.pack import model_of
from dropout_lab.train.result import Result

# Below this, one thread is as fast as two or faster: multiplications of one training step of one model.
WIDE = 2e8
# A worker takes about two seconds to start; hand over when more than this is left to do.
HAND_OVER_SECONDS = 4.0


class Trained(NamedTuple):
    """A pack that is done.

    Args:
        pack: its trials.
        results: one each.
        error: traceback if it failed.
    """

    pack: PackOf
    results: list[Result]
    error: str = ""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wide(pack: PackOf) -> bool:
    """Whether a pack is worth several threads. It depends on the pack alone: a number of threads that changed between
    runs would change the rounding."""
    config = pack[0].config
    dataset = load(config.data.kind, **config.source)
    return 3 * model_of(config, dataset).size * config.train.batch_size > WIDE


def threads_of(pack: PackOf) -> int:
    """Threads a pack is trained with on a CPU."""
    return cores() if wide(pack) else 1


def crew_of(packs: Sequence[PackOf], seconds: float) -> int:
    """How many processes will train these packs if one needs so many seconds; for an estimate."""
    asked = packs[0][0].config.workers if packs else 1
    narrow = sum(not wide(pack) for pack in packs)
    pays = asked != "auto" or seconds > HAND_OVER_SECONDS
    return max(1, min(cores() if asked == "auto" else int(asked), narrow)) if pays else 1


def execute(packs: Sequence[PackOf], asked: str | int, progress: Progress) -> Iterator[Trained]:
    """Train packs, in this process or in several, and yield each as it is done.

    Args:
        asked: how many processes at most; ``auto`` for one a core, as soon as it is seen that they pay.
        progress: called with the number of trial epochs done.
    """
    crew = Crew(packs, cores() if asked == "auto" else int(asked), asked != "auto", progress)
    try:
        yield from crew.train()
    finally:
        crew.stop()


def attempt(pack: PackOf, progress: Progress) -> Trained:
    """Train one pack here; a failure is a result like another."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads_of(pack))
    try:
        config = pack[0].config
        results = train(pack, load(config.data.kind, **config.source), progress)
        for trial, result in zip(pack, results, strict=True):
            keep(trial, result)  # before its row, which says that the trial is done
        return Trained(pack, results)
    except Exception as error:  # whatever it is, it must not take the other packs along
        return _failed(pack, f"{type(error).__name__}: {error}".splitlines()[0], traceback.format_exc())
    finally:
        torch.set_num_threads(before)


def _failed(pack: PackOf, reason: str, details: str) -> Trained:
    return Trained(pack, [Result("failed", error=reason) for _ in pack], details)


class Crew:
    """This process and the workers beside it, which take packs from one queue.

    Args:
        packs: what is to be trained; those that take all cores wait until the others are done.
        most: processes, with this one.
        sure: whether workers are wanted however short the work is.
        progress: as for :func:`execute`.
    """

    def __init__(self, packs: Sequence[PackOf], most: int, sure: bool, progress: Progress):
        self._todo: queue.SimpleQueue[PackOf] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[int | Trained] = queue.SimpleQueue()
        self._progress, self._sure = progress, sure
        self._workers: list[Worker] = []
        self._ready: list[Trained] = []  # by workers, while this process was busy itself
        self._epochs, self._left = 0, sum(len(pack) * pack[0].config.train.epochs for pack in packs)
        kinds: dict[tuple[str, int], bool] = {}
        self._wide = []
        for pack in packs:
            kind = (pack[0].point.pack_key, len(pack))
            if kind not in kinds:
                kinds[kind] = most > 1 and torch.device(pack[0].config.device).type == "cpu" and not wide(pack)
            if kinds[kind]:
                self._todo.put(pack)
            else:
                self._wide.append(pack)
        self._narrow = len(packs) - len(self._wide)
        self._most = min(most, self._narrow)

    def train(self) -> Iterator[Trained]:
        """Train all of them."""
        self._started = time.perf_counter()
        if self._sure:
            self._hire()
        while True:
            try:
                pack = self._todo.get_nowait()
            except queue.Empty:
                break
            trained = attempt(pack, self._see)
            self._see(0)  # its last epoch was reported before it was evaluated
            self._narrow -= 1
            yield trained
            yield from self._taken()
        while self._narrow:
            self._take(self._done.get())
            yield from self._taken()
        for pack in self._wide:
            yield attempt(pack, self._progress)

    def _taken(self) -> Iterator[Trained]:
        while self._ready:
            self._narrow -= 1
            yield self._ready.pop(0)

    def _take(self, event: int | Trained) -> None:
        if isinstance(event, Trained):
            self._ready.append(event)
        else:
            self._progress(event)
            self._epochs += event

    def _see(self, epochs: int) -> None:
        """Progress of this process, a moment to look at the others."""
        self._progress(epochs)
        self._epochs += epochs
        while not self._done.empty():
            self._take(self._done.get())
        spent = time.perf_counter() - self._started
        if not self._workers and spent * (self._left - self._epochs) > HAND_OVER_SECONDS * self._epochs:
            self._hire()

    def _hire(self) -> None:
        if not self._todo.empty():
            self._workers = [Worker(self._todo, self._done) for _ in range(self._most - 1)]

    def stop(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.stop()


class Worker:
    """A child process, and the thread that feeds it packs from ``todo`` and passes on to ``done`` what it answers."""

    def __init__(self, todo: "queue.SimpleQueue[PackOf]", done: "queue.SimpleQueue[int | Trained]"):
        self._todo, self._done, self._stopped = todo, done, False
        self._child = self._start()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    @staticmethod
    def _start() -> "subprocess.Popen[bytes]":
        package = str(Path(__file__).resolve().parents[2])
        # What this process can import, the user's own network above all, the child can.
        path = os.pathsep.join(filter(None, [package, *sys.path]))
        # A session of its own: Ctrl-C is for the caller, which stops the workers itself.
        return subprocess.Popen(
            [sys.executable, "-m", "dropout_lab.sweeps.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def _feed(self) -> None:
        while not self._stopped:
            try:
                pack = self._todo.get_nowait()
            except queue.Empty:
                return
            try:
                self._done.put(self._train(pack))
            except Exception as error:  # as when the machine has no room for a new process; others take the rest
                self._done.put(_failed(pack, f"{type(error).__name__}: {error}", traceback.format_exc()))
                return

    def _train(self, pack: PackOf) -> Trained:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            _send(self._child.stdin, pack)
            while True:
                event = pickle.load(self._child.stdout)
                if not isinstance(event, int):
                    return Trained(pack, *event)
                self._done.put(event)
        except (EOFError, OSError, pickle.UnpicklingError):
            status = self._child.wait()
            if not self._stopped:
                self._close()
                self._child = self._start()
            reason = f"its process died with status {status}"
            return _failed(pack, reason, f"{reason}; it may have run out of memory")

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        self._stopped = True
        self._child.kill()
        self._thread.join()
        self._child.kill()  # it may be a new one, started in the meantime
        self._child.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self._child.stdin, self._child.stdout):
            with suppress(OSError):  # what was still to be sent has nobody to go to
                if stream:
                    stream.close()


def _send(stream: IO[bytes], value: Any) -> None:
    try:
        pickle.dump(value, stream)
        stream.flush()
    except BrokenPipeError:
        raise EOFError from None


def main() -> None:
    """The worker's side: packs in, progress and results out, until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not get among the answers
    while True:
        try:
            pack = pickle.load(sys.stdin.buffer)
            _, results, error = attempt(pack, lambda epochs: _send(answers, epochs))
            _send(answers, (results, error))
        except EOFError:  # the caller is gone
            return


if __name__ == "__main__":
    main()
