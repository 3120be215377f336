"""(g) A training step against the machine's matrix products and against torch's step, and what dropout adds to it."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dropout_lab.bench.interleaved import against, seconds, times
from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.strong_loop import optimizer_of
from dropout_lab.bench.peers.task import Task
from dropout_lab.bench.table import Row
from dropout_lab.bench.works import Bench, our_words
from dropout_lab.compose import standing
from dropout_lab.data import load
from dropout_lab.dropout.dense import by_onednn, has_onednn
from dropout_lab.plugins import enable
from dropout_lab.process_settings import flush_denormals, use_threads
from dropout_lab.sweeps.worker import cores
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

Step = Callable[[], object]
BATCH, PIXELS, CLASSES = 128, 784, 10
RATE = 0.5
REPEATS = 15


def steps(bench: Bench) -> list[Row]:
    """The share of the matrix products in a step, torch's step, and the cost of dropout on both sides."""
    rows = []
    for width in (32, 16) if bench.quick else (1024, 256):
        with use_threads(cores()):
            rows += _rows(width, bench)
    return rows


def _rows(width: int, bench: Bench) -> list[Row]:
    hidden = [width, width]
    bench.say(f"a step of {PIXELS}-{width}-{width}-{CLASSES}")
    works: dict[str, Step] = {"products": products([PIXELS, *hidden, CLASSES])}
    for rate in (0.0, RATE):
        works[f"ours {rate}"], works[f"torch {rate}"] = ours(hidden, rate, bench), theirs(hidden, rate)
    clocks = {name: partial(seconds, work, 2 if bench.quick else REPEATS) for name, work in works.items()}
    with flush_denormals():  # as the engine and the strongest loop train
        found = times(clocks, bench.often(15))
    threads = f"{cores()} thread{'s' if cores() > 1 else ''}"
    work = f"step of {PIXELS}-{width}-{width}-{CLASSES}, batch {BATCH}, fp32, Adam"
    needed = "only the products that a step needs, by the fastest kernel; the ratio is our share of the ceiling"
    fused = "fused Adam, nn.Dropout"
    rows = []
    for rate in (0.0, RATE):
        said = f"{work}, rate {rate:g}"
        rows.append(_row(said, "matrix products alone", threads, found, "products", f"ours {rate}", needed))
        rows.append(_row(said, "PyTorch, strongest step", threads, found, f"torch {rate}", f"ours {rate}", fused))
    for side, name in (("ours", "dropout-lab"), ("torch", "PyTorch, nn.Dropout")):
        note = "the ratio is of rate 0.5 to no dropout, both of this program"
        rows.append(_row(f"{work}, dropout's cost", name, threads, found, f"{side} {RATE}", f"{side} 0.0", note))
    return rows


def _row(work: str, peer: str, threads: str, found: Mapping[str, list[float]], over: str, under: str, note: str) -> Row:
    ratio = against({"over": found[over], "under": found[under]}, "under")["over"]
    return Row.of(work, peer, f"a step, s, {threads}", ratio, median(found[over]), median(found[under]), note)


def products(widths: list[int]) -> Step:
    """Every matrix product of a step, on tensors of their own: forward, gradients of weights and of activations; each
    by whichever of torch's kernels is found to be the fastest."""
    chosen: list[Step] = []
    for i, (m, n) in enumerate(pairwise(widths)):
        x, weight, slope = torch.randn(BATCH, m), torch.randn(n, m), torch.randn(BATCH, n)
        chosen.append(_fastest(x, weight.t()))
        chosen.append(_fastest(slope.t(), x))
        if i:  # nobody needs the gradient of the pixels
            chosen.append(_fastest(slope, weight))

    def run() -> None:
        for product in chosen:
            product()

    return run


def _fastest(a: Tensor, b: Tensor) -> Step:
    """The product of two matrices by the kernel that takes least."""
    across = b.t().contiguous()
    works: list[Step] = [
        lambda: torch.mm(b.t(), a.t()),
        partial(torch.mm, a, b),
        partial(torch.mm, a, b.contiguous()),
        partial(torch.mm, a, across.t()),
    ]
    if has_onednn():
        works.append(partial(by_onednn, a.unsqueeze(0), across.unsqueeze(0), None))
    return min(works, key=partial(seconds, repeats=9))


def ours(hidden: list[int], rate: float, bench: Bench) -> Step:
    """A step of a pack of one, with its batch fetched from the data set."""
    task = Task(data="mnist", root=bench.root, hidden=hidden, rates=[rate], batch_size=BATCH)
    enable()
    with standing() as points:
        config = points.config(our_words(task))
    trial = Trial(canonical(config), 0)
    pack = Pack([trial], load(config.data.kind, **config.source))
    batches = pack.feed.epoch(BATCH)
    return partial(pack.step, batches[0])


def theirs(hidden: list[int], rate: float) -> Step:
    """A step of the strongest plain loop, on a batch that lies ready."""
    task = Task(data="mnist", hidden=hidden)
    torch.manual_seed(0)
    x, y = torch.rand(BATCH, 1, 28, 28), torch.randint(CLASSES, (BATCH,))
    model = network(task, rate)
    if not rate:  # a program without dropout has no such modules
        model = torch.nn.Sequential(*(part for part in model.children() if not isinstance(part, torch.nn.Dropout)))
    optimizer = optimizer_of(task, model)

    def run() -> None:
        loss = cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return run
