"""Benchmark (f): the forward pass of the dropout kernel alone, by shape and number of threads."""

from functools import partial
from itertools import product
from math import prod
from statistics import median

import torch
from torch.nn.functional import dropout

from dropout_lab.bench.table import BenchRow
from dropout_lab.bench.workloads import BenchOptions
from dropout_lab.dropout import inverted
from dropout_lab.process_settings import use_threads
from dropout_lab.rng import PackRandomness, Streams
from dropout_lab.sweeps.interleaved import median_seconds, ratios_to_reference, time_interleaved
from dropout_lab.sweeps.pack_job import available_cores

RATE = 0.5
SHAPES = ((128, 256), (128, 1024), (128, 4096), (128, 32, 14, 14))
REPEATS = 50


def kernels(bench: BenchOptions) -> list[BenchRow]:
    """Time sampling and applying the masks of inverted dropout, against torch's dropout."""
    shapes = SHAPES[:1] if bench.quick else SHAPES
    rows = []
    for shape, threads in product(shapes, sorted({1, available_cores()})):
        with use_threads(threads):
            rows.append(_row(shape, threads, bench))
    return rows


def _row(shape: tuple[int, ...], threads: int, bench: BenchOptions) -> BenchRow:
    x = torch.randn(1, *shape)
    rates, random = torch.full((1,), RATE), PackRandomness([Streams(0, 0)], "dropout/hidden0", x.device)
    works = {"ours": lambda: inverted(x, rates, random), "torch": lambda: dropout(x, RATE, True)}
    with torch.no_grad():
        for name, work in works.items():  # the comparison is valid only if both drop half
            left = float((work() != 0).double().mean())
            assert abs(left - (1 - RATE)) < 0.05, name
        repeats = 2 if bench.quick else REPEATS
        times = time_interleaved(
            {name: partial(median_seconds, work, repeats) for name, work in works.items()}, bench.often(15)
        )
    each = {name: [1e9 * value / prod(shape) for value in values] for name, values in times.items()}
    ratio = ratios_to_reference(each, "ours")["torch"]
    unit = f"ns an element, {threads} thread{'s' if threads > 1 else ''}"
    theirs, ours = median(each["torch"]), median(each["ours"])
    said = f"dropout of {' x '.join(map(str, shape))}, forward"
    return BenchRow.of(said, "torch.nn.functional.dropout", unit, ratio, theirs, ours)
