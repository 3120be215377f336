"""Worker pool that trains packs in this process and in worker processes of one thread each.

Small networks gain little from a second thread, and threads that synchronize slow down sharply on a machine with other
load; independent processes do not.
"""

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import torch

from dropout_lab.sweeps.pack_job import TrainedPack, Worker, available_cores, benefits_from_threads, train_or_fail
from dropout_lab.sweeps.plan import PackOf
from dropout_lab.sweeps.process import can_fork
from dropout_lab.train.loop import Progress

# A worker that is not forked takes about two seconds to start; start workers only if more than this is left.
HAND_OVER_SECONDS = 4.0


def pool_size(packs: Sequence[PackOf], seconds: float) -> int:
    """Return the number of processes that will train these packs, for a cost estimate.

    Args:
        packs: the plan.
        seconds: time that one process would take.
    """
    asked = packs[0][0].config.workers if packs else 1
    narrow = sum(not benefits_from_threads(pack) for pack in packs)
    pays = asked != "auto" or can_fork() or seconds > HAND_OVER_SECONDS
    return max(1, min(available_cores() if asked == "auto" else int(asked), narrow)) if pays else 1


def train_packs(
    packs: Sequence[PackOf], asked: str | int, progress: Progress, is_over: Callable[[], bool] = lambda: False
) -> Iterator[TrainedPack]:
    """Train packs in one or several processes, and yield each pack when it is done.

    Args:
        packs: the plan.
        asked: maximum number of processes; ``auto`` for one per core. Where this process cannot be forked, ``auto``
            starts workers only after an epoch has shown that enough work is left.
        progress: called with the number of trial epochs done.
        is_over: returns whether the time limit is reached; no pack is started from then on.
    """
    crew = WorkerPool(packs, available_cores() if asked == "auto" else int(asked), asked != "auto", progress, is_over)
    try:
        yield from crew.train()
    finally:
        crew.stop()


class WorkerPool:
    """This process and its worker processes, which take packs from one queue.

    Args:
        packs: the packs to train; packs that use all cores are trained after the others.
        most: maximum number of processes, including this one.
        sure: whether to start workers regardless of the amount of work.
        progress, is_over: as for :func:`train_packs`.
    """

    def __init__(self, packs: Sequence[PackOf], most: int, sure: bool, progress: Progress, is_over: Callable[[], bool]):
        self._is_over = is_over
        self._todo: queue.SimpleQueue[PackOf] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[int | TrainedPack] = queue.SimpleQueue()
        self._fork = can_fork()
        self._progress, self._sure = progress, sure or self._fork
        self._workers: list[Worker] = []
        self._ready: list[TrainedPack] = []  # trained by workers while this process was busy
        self._epochs, self._left = 0, sum(len(pack) * pack[0].config.train.epochs for pack in packs)
        kinds: dict[tuple[str, int], bool] = {}
        self._wide = []
        for pack in packs:
            kind = (pack[0].point.pack_key, len(pack))
            if kind not in kinds:
                kinds[kind] = (
                    most > 1 and torch.device(pack[0].config.device).type == "cpu" and not benefits_from_threads(pack)
                )
            if kinds[kind]:
                self._todo.put(pack)
            else:
                self._wide.append(pack)
        self._narrow = len(packs) - len(self._wide)
        self._most = min(most, self._narrow)

    def train(self) -> Iterator[TrainedPack]:
        """Train all packs and yield each when it is done."""
        self._started = time.perf_counter()
        if self._sure:
            self._hire()
        while True:
            self._drop_late()
            try:
                pack = self._todo.get_nowait()
            except queue.Empty:
                break
            trained = train_or_fail(pack, self._see)
            self._see(0)  # workers may have answered during the final evaluation
            self._narrow -= 1
            yield trained
            yield from self._taken()
        while self._narrow:
            self._take(self._done.get())
            yield from self._taken()
        for pack in self._wide:
            if not self._is_over():
                yield train_or_fail(pack, self._progress)

    def _drop_late(self) -> None:
        """Empty the queue if the time limit is reached; packs in training are finished."""
        with suppress(queue.Empty):
            while self._is_over():
                self._todo.get_nowait()
                self._narrow -= 1

    def _taken(self) -> Iterator[TrainedPack]:
        while self._ready:
            self._narrow -= 1
            yield self._ready.pop(0)

    def _take(self, event: int | TrainedPack) -> None:
        if isinstance(event, TrainedPack):
            self._ready.append(event)
        else:
            self._progress(event)
            self._epochs += event
            self._drop_late()

    def _see(self, epochs: int) -> None:
        """Report progress of this process, collect answers of the workers, and start workers if it pays."""
        self._progress(epochs)
        self._epochs += epochs
        self._drop_late()
        while not self._done.empty():
            self._take(self._done.get())
        spent = time.perf_counter() - self._started
        if not self._workers and spent * (self._left - self._epochs) > HAND_OVER_SECONDS * self._epochs:
            self._hire()

    def _hire(self) -> None:
        while not self._todo.empty() and len(self._workers) < self._most - 1:
            try:
                self._workers.append(Worker(self._todo, self._done, self._fork))
            except OSError:  # no resources for another process; the existing ones do the work
                self._most = 0
        # Start the threads only after all forks, so that no fork copies a running thread's locks.
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Kill the workers."""
        for worker in self._workers:
            worker.stop()
