"""Interleaved timing: ratios of run times that stay comparable on a machine with other load."""

import platform
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

import numpy as np
import torch

from dropout_lab import __version__


@dataclass(frozen=True)
class Ratio:
    """Run time relative to a reference.

    Args:
        median, low, high: median and quartiles of the ratio over the rounds.
        rounds: number of rounds.
    """

    median: float
    low: float
    high: float
    rounds: int


def ratios(
    works: Mapping[str, Callable[[], object]], reference: str, rounds: int, repeats: int, seed: int = 0
) -> dict[str, Ratio]:
    """Time each function relative to the reference.

    Each round visits every function once, in random order; a visit runs the function ``repeats`` times in a row and
    takes the median time.

    Args:
        works: functions to time, by name; each is run once as a warm-up.
        reference: name of the function to divide by.
        rounds: number of rounds.
        repeats: number of runs per visit.
        seed: seed of the random order.
    """
    for work in works.values():
        work()
    clocks = {name: partial(median_seconds, work, repeats) for name, work in works.items()}
    return ratios_to_reference(time_interleaved(clocks, rounds, seed), reference)


def time_interleaved(clocks: Mapping[str, Callable[[], float]], rounds: int, seed: int = 0) -> dict[str, list[float]]:
    """Return one time per clock and round; each round reads every clock once, in random order."""
    shuffled, order = list(clocks), random.Random(seed)
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(rounds):
        order.shuffle(shuffled)
        for name in shuffled:
            times[name].append(clocks[name]())
    return times


def ratios_to_reference(timed: Mapping[str, Sequence[float]], reference: str) -> dict[str, Ratio]:
    """Return median and quartiles of the ratios to the reference.

    A ratio is taken within a round, so that a slowdown of the whole round cancels.

    Args:
        timed: times per name and round, from :func:`time_interleaved`.
        reference: name to divide by.
    """
    ratios = {
        name: [time / other for time, other in zip(values, timed[reference], strict=True)]
        for name, values in timed.items()
    }
    return {name: median_and_quartiles(values) for name, values in ratios.items()}


def median_and_quartiles(values: Sequence[float]) -> Ratio:
    """Return median and quartiles; all three equal the value if there is only one."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Ratio(median(values), low, high, len(values))


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time in seconds of ``repeats`` runs in a row."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


def describe_machine() -> str:
    """Describe processor, number of threads and library versions in one line."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:  # noqa: PTH123
            cpu = next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    threads = f"{torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}"
    versions = f"torch {torch.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    return f"{cpu}, {threads}; dropout-lab {__version__}, {versions}"
