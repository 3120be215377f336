"""Running programs side by side: each a process of its own in a fresh folder, timed from outside."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

from dropout_lab.bench.table import BenchRow
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.interleaved import ratios_to_reference, time_interleaved

OURS = "dropout-lab"
PEERS = "dropout_lab.bench.peers"
Answer = dict[str, Any]  # what a program prints as JSON


@dataclass(frozen=True)
class Program:
    """A program, or several processes of one, that trains a number of trials.

    Args:
        name: as in the table.
        module: what ``python -m`` runs.
        commands: the words of each process.
        needs: modules that have to be installed.
        trials, of: how many trials it trains, and how many the work has; its time is scaled by their ratio.
        starts: whether every trial pays for the start of a process; else the start is counted once.
        abreast: how many of the processes run at a time; of one thread each if more than one.
        note: what else one has to know.
    """

    name: str
    module: str
    commands: Sequence[Sequence[str]]
    trials: int
    of: int
    needs: tuple[str, ...] = ()
    starts: bool = False
    abreast: int = 1
    note: str = ""

    @property
    def missing(self) -> list[str]:
        """Modules that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    @property
    def sample(self) -> str:
        """How much of the work was done, if not all of it."""
        return "" if self.trials == self.of else f"{self.trials} of {self.of} trials, scaled by count"


@dataclass
class ProgramRun:
    """What the runs of a program showed.

    Args:
        accuracies: test accuracy of every trial of every run.
        compiling: part of the time that was spent compiling, of each run that says so.
    """

    accuracies: list[float] = field(default_factory=list)
    compiling: list[float] = field(default_factory=list)


def compare_programs(
    work: str, ours: Program, peers: Sequence[Program], rounds: int, say: Callable[[str], None], inside: bool = False
) -> list[BenchRow]:
    """Time programs against ours, interleaved; those whose library is not installed are named and left out.

    Args:
        work: what they do.
        inside: whether to time the training alone, from data in memory to the accuracy on the test part; else each
            program from its start to its end.
    """
    for peer in peers:
        if peer.missing:
            say(f"{work}: {peer.name} left out, needs {' and '.join(peer.missing)}; the extra `bench` has them")
    there = [ours, *(peer for peer in peers if not peer.missing)]
    if len(there) == 1:
        return []
    seen = {program.name: ProgramRun() for program in there}
    say(f"{work}: {', '.join(seen)}")
    clocks = {program.name: partial(run_program, program, seen[program.name], inside) for program in there}
    found = time_interleaved(clocks, rounds)
    unit = "training, s" if inside else "whole program, s"
    rows = []
    for peer in there[1:]:
        ratio, scores, own = ratios_to_reference(found, OURS)[peer.name], seen[peer.name], seen[OURS]
        share = f"compiling is {100 * median(scores.compiling):.0f} % of its time" if scores.compiling else ""
        note = "; ".join(filter(None, [peer.sample, peer.note, share, ours.note]))
        spent = median(found[peer.name]), median(found[OURS]), fmean(scores.accuracies), fmean(own.accuracies)
        rows.append(BenchRow(work, peer.name, unit, ratio.median, ratio.low, ratio.high, ratio.rounds, *spent, note))
    return rows


def run_program(program: Program, seen: ProgramRun, inside: bool) -> float:
    """Run a program in a fresh folder; the seconds that the whole of its work would take.

    Raises:
        ConfigError: it failed.
    """
    scale = program.of / program.trials
    with tempfile.TemporaryDirectory() as folder:
        started = time.time()
        answers = []
        for first in range(0, len(program.commands), program.abreast):
            answers += _processes(program, program.commands[first : first + program.abreast], Path(folder))
        whole = time.time() - started
    scores = [score for answer in answers for score in answer["accuracy"]]
    if len(scores) != program.trials:
        raise ConfigError(f"{program.name} answered for {len(scores)} trials instead of {program.trials}")
    seen.accuracies += scores
    training: float = max(answer["ended"] for answer in answers) - min(answer["started"] for answer in answers)
    if "compiling" in answers[0]:
        seen.compiling.append(answers[0]["compiling"] / (training if inside else whole))
    if program.starts:
        return scale * (sum(a["ended"] - a["started"] for a in answers) if inside else whole)
    return scale * training if inside else whole + (scale - 1) * training


def _processes(program: Program, commands: Sequence[Sequence[str]], folder: Path) -> list[Answer]:
    """Run these at the same time; what they answered."""
    environment = {**os.environ, **({"OMP_NUM_THREADS": "1"} if program.abreast > 1 else {})}
    started = time.time()
    children = [
        subprocess.Popen(
            [sys.executable, "-m", program.module, *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    answers: list[Answer] = []
    for child in children:
        out, err = child.communicate()
        if child.returncode:
            last = (err.strip() or out.strip()).splitlines()[-1:] or [f"status {child.returncode}"]
            raise ConfigError(f"{program.name} failed: {last[0]}")
        answers += [json.loads(line) for line in out.splitlines() if line.startswith('{"accuracy"')]
    stored = folder / "results/sweep/trials.csv"
    if not answers and stored.exists():  # ours, as a user would type it
        with stored.open() as rows:
            scores = [float(row["test_accuracy"]) for row in csv.DictReader(rows)]
        answers.append({"accuracy": scores, "started": started, "ended": time.time()})
    if not answers:
        raise ConfigError(f"{program.name} answered nothing")
    return answers


def sweep(words: Sequence[str], trials: int) -> Program:
    """Our command line, in a fresh folder."""
    return Program(OURS, "dropout_lab", [["sweep", *words]], trials, trials)


def training(words: Sequence[str], trials: int) -> Program:
    """Our engine from data in memory to the rows in its ledger, without the tables and plots."""
    return Program(OURS, "dropout_lab.bench.ours", [words], trials, trials)
