"""Timing several things against each other on a machine that has other work as well."""

import platform
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

    In each round everything is run once, in a random order, ``repeats`` times in a row of which the median counts; its
    ratio to the reference's median of the same round is taken, so that what slows the whole round drops out.

    Args:
        works: what to time, by name; each is run once before the clock starts.
        reference: one of the names.
        rounds, repeats: how often.
        seed: of the orders.
    """
    shuffled, order = list(works), random.Random(seed)
    for work in works.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        order.shuffle(shuffled)
        took = {name: _median_time(works[name], repeats) for name in shuffled}
        for name in works:
            found[name].append(took[name] / took[reference])
    spread = {name: quantiles(values, n=4, method="inclusive") for name, values in found.items()}
    return {name: Ratio(median(values), spread[name][0], spread[name][2], rounds) for name, values in found.items()}


def _median_time(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


def machine() -> str:
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
