"""Benchmark (g): a training step against its matrix products and against torch's step, and the cost of dropout."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.strong_loop import optimizer_of
from dropout_lab.bench.peers.task import Task
from dropout_lab.bench.table import BenchRow
from dropout_lab.bench.workloads import BenchOptions, sweep_overrides
from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import load
from dropout_lab.dropout.kernels.linear import dense_onednn
from dropout_lab.dropout.kernels.torch_private import has_onednn
from dropout_lab.process_settings import flush_denormals, use_threads
from dropout_lab.sweeps.interleaved import median_seconds, ratios_to_reference, time_interleaved
from dropout_lab.sweeps.pack_job import available_cores
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

Step = Callable[[], object]
BATCH, PIXELS, CLASSES = 128, 784, 10
RATE = 0.5
REPEATS = 15


def steps(bench: BenchOptions) -> list[BenchRow]:
    """Time a step against its matrix products and torch's step, and the cost of dropout in both programs."""
    rows = []
    for width in (32, 16) if bench.quick else (1024, 256):
        with use_threads(available_cores()):
            rows += _rows(width, bench)
    return rows


def _rows(width: int, bench: BenchOptions) -> list[BenchRow]:
    hidden = [width, width]
    bench.say(f"a step of {PIXELS}-{width}-{width}-{CLASSES}")
    works: dict[str, Step] = {"products": products([PIXELS, *hidden, CLASSES])}
    for rate in (0.0, RATE):
        works[f"ours {rate}"], works[f"torch {rate}"] = our_step(hidden, rate, bench), torch_step(hidden, rate)
    clocks = {name: partial(median_seconds, work, 2 if bench.quick else REPEATS) for name, work in works.items()}
    with flush_denormals():  # as our training and the strongest loop do
        ratios = time_interleaved(clocks, bench.often(15))
    threads = f"{available_cores()} thread{'s' if available_cores() > 1 else ''}"
    work = f"step of {PIXELS}-{width}-{width}-{CLASSES}, batch {BATCH}, fp32, Adam"
    needed = "only the products that a step needs, by the fastest kernel; the ratio is our share of the ceiling"
    fused = "fused Adam, nn.Dropout"
    rows = []
    for rate in (0.0, RATE):
        said = f"{work}, rate {rate:g}"
        rows.append(_row(said, "matrix products alone", threads, ratios, "products", f"ours {rate}", needed))
        rows.append(_row(said, "PyTorch, strongest step", threads, ratios, f"torch {rate}", f"ours {rate}", fused))
    for side, name in (("ours", "dropout-lab"), ("torch", "PyTorch, nn.Dropout")):
        note = "the ratio is of rate 0.5 to no dropout, both of this program"
        rows.append(_row(f"{work}, dropout's cost", name, threads, ratios, f"{side} {RATE}", f"{side} 0.0", note))
    return rows


def _row(
    work: str, peer: str, threads: str, times: Mapping[str, list[float]], over: str, under: str, note: str
) -> BenchRow:
    ratio = ratios_to_reference({"over": times[over], "under": times[under]}, "under")["over"]
    return BenchRow.of(work, peer, f"a step, s, {threads}", ratio, median(times[over]), median(times[under]), note)


def products(widths: list[int]) -> Step:
    """Return a function that computes every matrix product of a step with the fastest of torch's kernels.

    The products are those of the forward pass and of the gradients of weights and activations, on separate tensors.

    Args:
        widths: number of units per layer, from input to output.
    """
    chosen: list[Step] = []
    for i, (m, n) in enumerate(pairwise(widths)):
        x, weight, slope = torch.randn(BATCH, m), torch.randn(n, m), torch.randn(BATCH, n)
        chosen.append(_fastest(x, weight.t()))
        chosen.append(_fastest(slope.t(), x))
        if i:  # the gradient of the pixels is not needed
            chosen.append(_fastest(slope, weight))

    def run() -> None:
        for product in chosen:
            product()

    return run


def _fastest(a: Tensor, b: Tensor) -> Step:
    """Return the fastest implementation of the product of two matrices."""
    across = b.t().contiguous()
    works: list[Step] = [
        lambda: torch.mm(b.t(), a.t()),
        partial(torch.mm, a, b),
        partial(torch.mm, a, b.contiguous()),
        partial(torch.mm, a, across.t()),
    ]
    if has_onednn():
        works.append(partial(dense_onednn, a.unsqueeze(0), across.unsqueeze(0), None))
    return min(works, key=partial(median_seconds, repeats=9))


def our_step(hidden: list[int], rate: float, bench: BenchOptions) -> Step:
    """Return a training step of a pack of one, including fetching its batch from the data set."""
    task = Task(data="mnist", root=bench.root, hidden=hidden, rates=[rate], batch_size=BATCH)
    enable_plugins()
    with open_composer() as points:
        config = points.config(sweep_overrides(task))
    trial = Trial(canonical(config), 0)
    pack = Pack([trial], load(config.data.kind, **config.source))
    batches = pack.feed.epoch(BATCH)
    return partial(pack.step, batches[0])


def torch_step(hidden: list[int], rate: float) -> Step:
    """Return a training step of the strongest plain loop, on a prepared batch."""
    task = Task(data="mnist", hidden=hidden)
    torch.manual_seed(0)
    x, y = torch.rand(BATCH, 1, 28, 28), torch.randint(CLASSES, (BATCH,))
    model = network(task, rate)
    if not rate:  # at rate 0 a user would add no nn.Dropout
        model = torch.nn.Sequential(*(part for part in model.children() if not isinstance(part, torch.nn.Dropout)))
    optimizer = optimizer_of(task, model)

    def run() -> None:
        loss = cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run
