"""Benchmark (e): the published MNIST grid of Garbin, Zhu and Marques (2020), planned in full, and a trained sample."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from dropout_lab.bench.peers.task import Task
from dropout_lab.bench.planning import LIMIT, LIMIT_OF
from dropout_lab.bench.programs import compare_programs, training
from dropout_lab.bench.table import BenchRow
from dropout_lab.bench.workloads import BenchOptions, strong_loop, sweep_overrides
from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.sweeps.interleaved import median_and_quartiles
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import plan_missing

# The generators in the authors' repository list 2,376 runs for MNIST (2,160 without batch normalization). The runs with
# SGD and without learning rate decay are 144 without dropout and 648 with dropout on three widths, of which 486 are
# distinct; with six seeds they give more trials than the 3,286 runs that the study reports.
SHAPES = {"plain": (1024, 2048), "dropout": (1024, 2048, 4096)}
SHARED = ["data=mnist", "train=sgd", "train.epochs=5,20,50", "train.batch_size=128", "train.lr=0.01,0.1"]
GRIDS = (
    ["rate=0", "train.momentum=0.0,0.95", "regularizer=none,max_norm", "regularizer.max_norm=2.0"],
    [
        "rate=0.5",
        "input_rate=0.1",
        "train.momentum=0.0,0.95,0.99",
        "regularizer=none,max_norm",
        "regularizer.max_norm=2.0,3.0",
    ],
)
SEEDS = 6


def published(bench: BenchOptions) -> list[BenchRow]:
    """Time the planning of the grid, and the training of a sample of it against the strongest loop."""
    return [_planned(bench), *_sample(bench)]


def _planned(bench: BenchOptions) -> BenchRow:
    ratios, count, packs = [], 0, 0
    enable_plugins()
    for _ in range(bench.often(3)):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            trials, divided = plan_missing(_arms(bench, folder), Ledger(Path(folder) / "sweep", write=False))
            ratios.append(LIMIT * len(trials) / (time.perf_counter() - started))
            count, packs = len(trials), len(divided)
    bench.say(f"planned {count} trials in {packs} packs")
    work = f"grid of Garbin et al. 2020: {count:,} trials of MLPs on MNIST, planned"
    note = f"their SGD settings without decay, {SEEDS} seeds for their one"
    return BenchRow.of(
        work, LIMIT_OF, "planning a trial, s", median_and_quartiles(ratios), LIMIT, LIMIT / median(ratios), note
    )


def _arms(bench: BenchOptions, folder: str) -> Sequence[Arm]:
    widths = SHAPES["plain"], (*SHAPES["plain"], 2 * SHAPES["plain"][1])
    arms: list[Arm] = []
    for grid, sizes in zip(GRIDS, widths, strict=True):
        hidden = ",".join("[" + ",".join([str(size)] * depth) + "]" for depth in (2, 3, 4) for size in sizes)
        where = [f"model.hidden={hidden}", f"seeds={SEEDS}", f"out={folder}/sweep"]
        where += [f"data.root={bench.root}"] if bench.root else []
        with open_composer() as points:
            arms += make_arms(expand_grid([*SHARED, *grid, *where]), points)
    return arms


def _sample(bench: BenchOptions) -> list[BenchRow]:
    task = Task(data="mnist", root=bench.root, optimizer="sgd", lr=0.01, momentum=0.95, epochs=1, batch_size=128)
    size: dict[str, Any] = {"train": 3200} if bench.quick else {"train": 6400, "epochs": 5}
    task = replace(task, val_fraction=0.05, rates=[0.0, 0.5], **size)
    task = replace(task, hidden=[64] * 3 if bench.quick else [1024] * 3, max_norms=[0.0, 2.0, 3.0])
    if bench.quick:
        task = replace(task, max_norms=[0.0, 2.0], batch_size=32, lr=0.03, momentum=0.9)
    trials = len(task.rates) * len(task.max_norms)
    shape = "-".join(map(str, task.hidden))
    work = f"grid of Garbin et al. 2020, {trials} of its trials: MLP {shape}, two rates, {trials // 2} norm bounds, SGD"
    work += f", {task.epochs} epoch{'s' if task.epochs > 1 else ''} of {task.train:,} examples"
    ours = training(sweep_overrides(task), trials)
    return compare_programs(work, ours, bench.chosen([strong_loop(task)]), bench.often(3), bench.say, inside=True)
