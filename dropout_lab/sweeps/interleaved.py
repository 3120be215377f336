"""Timing several things against each other on a machine that has other work as well."""

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
    """How many times as long as the reference something takes.

    Args:
        median, low, high: median and quartiles over the rounds.
        rounds: how many.
    """

    median: float
    low: float
    high: float
    rounds: int


def ratios(
    works: Mapping[str, Callable[[], object]], reference: str, rounds: int, repeats: int, seed: int = 0
) -> dict[str, Ratio]:
    """Time each of these against the reference.

    In each round everything is run once, in a random order, ``repeats`` times in a row of which the median counts.

    Args:
        works: what to time, by name; each is run once before the clock starts.
        reference: one of the names.
        rounds, repeats: how often.
        seed: of the orders.
    """
    for work in works.values():
        work()
    clocks = {name: partial(median_seconds, work, repeats) for name, work in works.items()}
    return ratios_to_reference(time_interleaved(clocks, rounds, seed), reference)


def time_interleaved(clocks: Mapping[str, Callable[[], float]], rounds: int, seed: int = 0) -> dict[str, list[float]]:
    """What each of these clocks shows in every round, which reads all of them once in a random order."""
    shuffled, order = list(clocks), random.Random(seed)
    found: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(rounds):
        order.shuffle(shuffled)
        for name in shuffled:
            found[name].append(clocks[name]())
    return found


def ratios_to_reference(found: Mapping[str, Sequence[float]], reference: str) -> dict[str, Ratio]:
    """Median and quartiles of the ratios to the reference.

    A ratio is taken within a round, so that what slows the whole round drops out.

    Args:
        found: what :func:`time_interleaved` gives.
        reference: one of its names.
    """
    ratios = {
        name: [own / other for own, other in zip(values, found[reference], strict=True)]
        for name, values in found.items()
    }
    return {name: median_and_quartiles(values) for name, values in ratios.items()}


def median_and_quartiles(values: Sequence[float]) -> Ratio:
    """Median and quartiles; of a single value, that value."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Ratio(median(values), low, high, len(values))


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of so many runs in a row."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


def describe_machine() -> str:
    """Where and with what something was timed, in one line."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:  # noqa: PTH123
            cpu = next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    threads = f"{torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}"
    versions = f"torch {torch.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    return f"{cpu}, {threads}; dropout-lab {__version__}, {versions}"
