"""Worker pool that trains packs in worker processes, of one thread each for small networks.

Small networks gain little from a second thread, and threads that synchronize slow down sharply on a machine with other
load; independent processes do not. A process that ends, such as for lack of memory, costs its pack only: the pack is
trained again in halves, until the trial that ends its process is alone and fails.
"""

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import torch

from dropout_lab.sweeps.pack_job import (
    Done,
    Todo,
    TrainedPack,
    Worker,
    available_cores,
    benefits_from_threads,
    train_or_fail,
)
from dropout_lab.sweeps.plan import PackOf
from dropout_lab.sweeps.process import can_fork
from dropout_lab.train.loop import Progress

# A worker that is not forked takes about two seconds to start; start workers only if more than this is left.
HAND_OVER_SECONDS = 4.0
# Receives a pack that failed and the packs that are trained instead.
Retry = Callable[[TrainedPack, Sequence[PackOf]], None]


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
    packs: Sequence[PackOf],
    asked: str | int,
    progress: Progress,
    retry: Retry = lambda failed, packs: None,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[TrainedPack]:
    """Train packs in one or several processes, and yield each pack when it is done.

    Packs that use all cores are trained after the others, one at a time.

    Args:
        packs: the plan.
        asked: maximum number of processes; ``auto`` for one per core. Where this process cannot be forked, ``auto``
            starts workers only after an epoch has shown that enough work is left.
        progress: called with the number of trial epochs done; negative for epochs that are trained again.
        retry: called with each pack whose process ended or ran out of memory, and the halves that replace it.
        is_over: returns whether the time limit is reached; no pack is started from then on.
    """
    most = available_cores() if asked == "auto" else int(asked)
    narrow, wide = _divide(packs, most)
    for group, count in ((narrow, most), (wide, 1)):
        if group:
            pool = WorkerPool(group, min(count, len(group)), asked != "auto", progress, retry, is_over)
            try:
                yield from pool.train()
            finally:
                pool.stop()


def _divide(packs: Sequence[PackOf], most: int) -> tuple[list[PackOf], list[PackOf]]:
    """Return the packs that are trained at the same time, and those that are trained one at a time."""
    kinds: dict[tuple[str, int], bool] = {}
    groups: tuple[list[PackOf], list[PackOf]] = ([], [])
    for pack in packs:
        kind = (pack[0].point.pack_key, len(pack))
        if kind not in kinds:
            on_cpu = torch.device(pack[0].config.device).type == "cpu"
            kinds[kind] = most == 1 or not on_cpu or benefits_from_threads(pack)
        groups[kinds[kind]].append(pack)
    return groups


class WorkerPool:
    """Worker processes that take packs from one queue.

    This process trains packs only if it can start no worker, or if it cannot be forked and the networks are those of
    this program. Otherwise it only waits, so that a network that ends its process cannot end the sweep.

    Args:
        packs: the packs to train.
        most: maximum number of processes that train.
        sure: whether to start workers regardless of the amount of work.
        progress, retry, is_over: as for :func:`train_packs`.
    """

    def __init__(
        self,
        packs: Sequence[PackOf],
        most: int,
        sure: bool,
        progress: Progress,
        retry: Retry,
        is_over: Callable[[], bool],
    ):
        self._is_over = is_over
        self._todo: Todo = queue.SimpleQueue()
        self._done: Done = queue.SimpleQueue()
        self._fork = can_fork()
        self._guarded = self._fork or any(pack[0].config.model.kind == "custom" for pack in packs)
        self._most = most if self._guarded else most - 1
        self._progress, self._retry, self._sure = progress, retry, sure or self._guarded
        self._workers: list[Worker] = []
        self._ready: list[TrainedPack] = []
        self._unfinished = len(packs)
        self._repeated: set[str] = set()  # trials that were killed once
        self._epochs, self._left = 0, sum(len(pack) * pack[0].config.train.epochs for pack in packs)
        for pack in packs:
            self._todo.put(pack)

    def train(self) -> Iterator[TrainedPack]:
        """Train all packs and yield each when it is done."""
        self._started = time.perf_counter()
        self._drop_late()
        if self._sure:
            self._hire()
        while self._unfinished:
            pack = self._next_here()
            if pack is not None:
                self._take(train_or_fail(pack, self._see))
                self._see(0)  # workers may have answered during the final evaluation
            elif not self._ready:
                self._take(self._done.get())
            while self._ready:
                yield self._ready.pop(0)
            self._drop_late()

    def _drop_late(self) -> None:
        """Empty the queue if the time limit is reached; packs in training are finished."""
        with suppress(queue.Empty):
            while self._is_over():
                self._todo.get_nowait()
                self._unfinished -= 1

    def _next_here(self) -> PackOf | None:
        """Return the next pack that this process trains, or None if it waits for the workers."""
        if self._guarded and not all(worker.lost for worker in self._workers):
            return None
        try:
            return self._todo.get_nowait()
        except queue.Empty:
            return None

    def _take(self, event: int | TrainedPack) -> None:
        if not isinstance(event, TrainedPack):
            self._progress(event)
            self._epochs += event
            self._drop_late()
            return
        again = self._replacement(event)
        if again:
            self._retry(event, again)
            for pack in again:
                self._todo.put(pack)
        else:
            self._ready.append(event)
        self._unfinished += len(again) - 1
        self._drop_late()

    def _replacement(self, failed: TrainedPack) -> list[PackOf]:
        """Return the packs that are trained instead of a failed one: its halves, or once more a killed trial."""
        pack, middle = failed.pack, len(failed.pack) // 2
        if failed.divisible and middle:
            return [pack[:middle], pack[middle:]]
        if failed.killed and pack[0].id not in self._repeated:
            self._repeated.add(pack[0].id)
            return [pack]
        return []

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
        while len(self._workers) < min(self._most, self._todo.qsize()):
            try:
                self._workers.append(Worker(self._todo, self._done, self._fork))
            except OSError:  # no resources for another process; the existing ones do the work
                self._most = 0
        # Start the threads only after all forks, so that no fork copies a running thread's locks.
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Kill the workers."""
        for _ in self._workers:
            self._todo.put(None)  # ends a thread that waits for a pack
        for worker in self._workers:
            worker.stop()
