"""Benchmark of planning: composing many trials and dividing them into packs, with none or all of them completed."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from dropout_lab.bench.table import BenchRow
from dropout_lab.bench.workloads import BenchOptions
from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.sweeps.interleaved import median_and_quartiles
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import plan_missing
from dropout_lab.trial import Trial

LIMIT, LIMIT_OF = 1e-3, "a limit of 1 ms a trial"
WORDS = ["rate=range(0.0,0.9,0.1)", "train.lr=0.001,0.003,0.01", "model.hidden=[64],[128],[64,64],[128,128]"]
# 9 rates x 3 learning rates x 4 shapes of arms.
SEEDS = 93


def planning(bench: BenchOptions) -> list[BenchRow]:
    """Time the planning of 10,000 trials, from words to packs, with none and with all of them completed."""
    seeds = 3 if bench.quick else SEEDS
    new, done, count = [], [], 0
    enable_plugins()
    for _ in range(bench.often(3)):
        with tempfile.TemporaryDirectory() as folder:
            trials, seconds = _plan(seeds, folder)
            new.append(LIMIT * len(trials) / seconds)
            _fill(folder, trials)
            trials, seconds = _plan(seeds, folder, nothing_left=True)
            done.append(LIMIT * len(trials) / seconds)
            count = len(trials)
        bench.say(f"planned {count} trials")
    rows = []
    for work, case in (("none of them there", new), ("all of them there", done)):
        said, note = f"planning {count:,} trials, {work}", "words composed, checked, hashed and packed"
        each = LIMIT / median(case)
        rows.append(BenchRow.of(said, LIMIT_OF, "planning a trial, s", median_and_quartiles(case), LIMIT, each, note))
    return rows


def _plan(seeds: int, folder: str, nothing_left: bool = False) -> tuple[list[Trial], float]:
    started = time.perf_counter()
    with open_composer() as points:
        chosen: Sequence[Arm] = make_arms(expand_grid([*WORDS, f"seeds={seeds}", f"out={folder}/sweep"]), points)
    trials, packs = plan_missing(chosen, Ledger(Path(folder) / "sweep", write=False))
    spent = time.perf_counter() - started
    assert nothing_left != bool(packs)
    return trials, spent


def _fill(folder: str, trials: Sequence[Trial]) -> None:
    """Append a row per trial to the ledger, as if it had been trained."""
    ledger = Ledger(Path(folder) / "sweep")
    ledger.append([{**trial.columns, "status": "ok", "test_accuracy": 0.5} for trial in trials], [])
