"""Execution and timing of the compared programs, each in separate processes and a fresh folder."""

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
    """A program that trains a number of trials in one or several processes.

    Args:
        name: name in the table.
        module: module for ``python -m``.
        commands: command-line arguments of each process.
        trials, of: number of trials that it trains, and of the workload; its time is scaled by ``of / trials``.
        needs: modules that must be installed.
        starts: whether every trial pays for the start of a process; otherwise the start is counted once.
        abreast: number of processes that run at a time; each has one thread if more than one.
        note: note for the table.
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
        """Required modules that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    @property
    def sample(self) -> str:
        """Description of the trained sample; empty if all trials are trained."""
        return "" if self.trials == self.of else f"{self.trials} of {self.of} trials, scaled by count"


@dataclass
class ProgramRun:
    """Measurements of the runs of a program.

    Args:
        accuracies: test accuracy of every trial of every run.
        compiling: fraction of the time spent compiling, for each run that reports it.
    """

    accuracies: list[float] = field(default_factory=list)
    compiling: list[float] = field(default_factory=list)


def compare_programs(
    work: str, ours: Program, peers: Sequence[Program], rounds: int, say: Callable[[str], None], inside: bool = False
) -> list[BenchRow]:
    """Time programs against ours, interleaved; programs whose library is missing are reported and left out.

    Args:
        work: description of the workload.
        ours: our program.
        peers: the other programs.
        rounds: number of rounds.
        say: prints progress.
        inside: whether to time the training alone, from data in memory to the accuracy on the test set; otherwise each
            program is timed from start to exit.
    """
    for peer in peers:
        if peer.missing:
            say(f"{work}: skipped {peer.name}, which requires {' and '.join(peer.missing)}; install the extra `bench`")
    there = [ours, *(peer for peer in peers if not peer.missing)]
    if len(there) == 1:
        return []
    seen = {program.name: ProgramRun() for program in there}
    say(f"{work}: {', '.join(seen)}")
    clocks = {program.name: partial(run_program, program, seen[program.name], inside) for program in there}
    ratios = time_interleaved(clocks, rounds)
    unit = "training, s" if inside else "whole program, s"
    rows = []
    for peer in there[1:]:
        ratio, scores, own = ratios_to_reference(ratios, OURS)[peer.name], seen[peer.name], seen[OURS]
        share = f"compiling is {100 * median(scores.compiling):.0f} % of its time" if scores.compiling else ""
        note = "; ".join(filter(None, [peer.sample, peer.note, share, ours.note]))
        spent = median(ratios[peer.name]), median(ratios[OURS]), fmean(scores.accuracies), fmean(own.accuracies)
        rows.append(BenchRow(work, peer.name, unit, ratio.median, ratio.low, ratio.high, ratio.rounds, *spent, note))
    return rows


def run_program(program: Program, seen: ProgramRun, inside: bool) -> float:
    """Run a program in a fresh folder and return the time in seconds, scaled to the whole workload.

    Args:
        program: the program.
        seen: receives the accuracies and the compile time.
        inside: as in :func:`compare_programs`.

    Raises:
        ConfigError: the program failed, or reported a wrong number of trials.
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
        raise ConfigError(f"{program.name} returned {len(scores)} accuracies, expected {program.trials}")
    seen.accuracies += scores
    training: float = max(answer["ended"] for answer in answers) - min(answer["started"] for answer in answers)
    if "compiling" in answers[0]:
        seen.compiling.append(answers[0]["compiling"] / (training if inside else whole))
    if program.starts:
        return scale * (sum(a["ended"] - a["started"] for a in answers) if inside else whole)
    return scale * training if inside else whole + (scale - 1) * training


def _processes(program: Program, commands: Sequence[Sequence[str]], folder: Path) -> list[Answer]:
    """Run these processes at the same time and return their answers."""
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
    if not answers and stored.exists():  # our command line prints no answer
        with stored.open() as rows:
            scores = [float(row["test_accuracy"]) for row in csv.DictReader(rows)]
        answers.append({"accuracy": scores, "started": started, "ended": time.time()})
    if not answers:
        raise ConfigError(f"{program.name} answered nothing")
    return answers


def sweep(words: Sequence[str], trials: int) -> Program:
    """Return our command line as a program."""
    return Program(OURS, "dropout_lab", [["sweep", *words]], trials, trials)


def training(words: Sequence[str], trials: int) -> Program:
    """Return our training as a program, from data in memory to the rows of the ledger, without tables and plots."""
    return Program(OURS, "dropout_lab.bench.ours", [words], trials, trials)
