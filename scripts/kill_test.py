"""Kill sweeps at random times and compare their final rows with those of undisturbed sweeps.

Usage: scripts/kill-test [--kills N] [--minutes M] [--seed S] [--folder DIR]

Half of the kills are in small sweeps of several packs, and half in long single trials, which continue from checkpoints.
The exit status is 1 if a row is lost, repeated or different (except in the time columns), or if a command fails.
"""

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TIMES = ("train_seconds", "seconds_per_epoch")
OFTEN = "train.checkpoint_minutes=0.005"


@dataclass(frozen=True)
class Scenario:
    """A command whose sweep is killed.

    Args:
        name: name in the output.
        command: the command without out=.
        long: whether it trains one pack for a long time.
    """

    name: str
    command: str
    long: bool = False


SCENARIOS = (
    Scenario("packs", "sweep rate=0,0.3,0.5 seeds=4 max_pack_size=2 train.epochs=40 model.hidden=[32]"),
    Scenario(
        "early stopping",
        "sweep seeds=4 max_pack_size=2 workers=2 regularizer=early_stopping regularizer.early_stopping=30 "
        "train.epochs=100",
    ),
    Scenario("learned rates", "train variant=concrete rate=0.3 model.hidden=[64] train.epochs=250", long=True),
    Scenario(
        "convolutions",
        "train model=cnn model.channels=[8] variant=spatial rate=0.3 regularizer=[mixup,max_norm] train=sgd "
        "train.momentum_ramp=20 lr_schedule=cosine lr_schedule.by=update train.epochs=30",
        long=True,
    ),
    Scenario(
        "sequences", "train model=lstm model.units=16 variant=variational precision=bf16 train.epochs=25", long=True
    ),
)


def start(scenario: Scenario, folder: Path) -> "subprocess.Popen[bytes]":
    """Start the command of a scenario."""
    command = [sys.executable, "-m", "dropout_lab", *scenario.command.split(), f"out={folder}", OFTEN]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    log = folder.with_suffix(".log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder.parent)


def children(process: int) -> Iterator[int]:
    """Yield the ids of the child processes."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process:
                yield int(stat.parent.name)


def kill(process: "subprocess.Popen[bytes]", with_children: bool) -> None:
    """Kill a command, and on request its workers at the same time."""
    for number in [process.pid, *(children(process.pid) if with_children else ())]:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


def read_results(folder: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return the sorted rows of trials.csv without times, and the sorted lines of curves.csv."""
    with (folder / "trials.csv").open(newline="") as file:
        rows = [tuple(v for k, v in row.items() if k not in TIMES) for row in csv.DictReader(file)]
    return sorted(rows), sorted((folder / "curves.csv").read_text().splitlines())


class KillTest:
    """Kills of one scenario.

    Args:
        scenario: the command.
        folder: folder of all its sweeps.
        draw: random number generator.
        deadline: time of the monotonic clock after which no more processes are killed.
    """

    def __init__(self, scenario: Scenario, folder: Path, draw: random.Random, deadline: float):
        self._scenario, self._folder, self._draw, self._deadline = scenario, folder, draw, deadline
        self._sweeps = self.kills = self.resumed = 0
        self.faults: list[str] = []

    def run(self, kills: int) -> None:
        """Kill the command this many times, in as many sweeps as necessary."""
        started = time.monotonic()
        undisturbed = self._folder / "undisturbed"
        if start(self._scenario, undisturbed).wait():
            self.faults.append("the undisturbed command failed")
            return
        expected, seconds = read_results(undisturbed), time.monotonic() - started
        while self.kills < kills and time.monotonic() < self._deadline:
            self._sweeps += 1
            self._disturb(self._folder / f"sweep{self._sweeps}", kills, seconds, expected)

    def _disturb(self, folder: Path, kills: int, seconds: float, expected: tuple[object, object]) -> None:
        """Kill one sweep until it is complete or all kills are used up, complete it, and compare."""
        for _ in range(min(self._draw.randint(1, 6), kills - self.kills)):
            process = start(self._scenario, folder)
            try:
                status = process.wait(self._draw.uniform(0.1, 1.0) * seconds)
                break
            except subprocess.TimeoutExpired:
                kill(process, with_children=self._draw.random() < 0.5)
                self.kills += 1
                self.resumed += any((folder / "checkpoints").glob("*.pt"))
        else:
            status = start(self._scenario, folder).wait()
        if status:
            self.faults.append(f"{folder.name}: exit status {status}; see {folder.with_suffix('.log')}")
        elif read_results(folder) != expected:
            self.faults.append(f"{folder.name}: the rows differ from those of the undisturbed sweep")
        elif (folder / "checkpoints").exists():
            self.faults.append(f"{folder.name}: a checkpoint was not removed")


def main() -> int:
    """Run all scenarios and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="number of kills")
    parser.add_argument("--minutes", type=float, default=60, help="time after which no new sweep is started")
    parser.add_argument("--seed", type=int, default=None, help="seed of the times of the kills; random by default")
    parser.add_argument("--folder", type=Path, default=None, help="folder of the sweeps; by default a temporary folder")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    deadline = time.monotonic() + 60 * asked.minutes
    kinds = {long: [s for s in SCENARIOS if s.long == long] for long in (False, True)}
    kills = faults = 0
    with tempfile.TemporaryDirectory() as temporary:
        for scenario in SCENARIOS:
            folder = (asked.folder or Path(temporary)).resolve() / scenario.name.replace(" ", "-")
            folder.mkdir(parents=True, exist_ok=True)
            test = KillTest(scenario, folder, random.Random(f"{seed} {scenario.name}"), deadline)
            test.run(-(-asked.kills // (2 * len(kinds[scenario.long]))))
            kills, faults = kills + test.kills, faults + len(test.faults)
            line = f"{scenario.name}: {test.kills} kills, {test.resumed} of them with a checkpoint"
            print("\n  ".join([line, *test.faults]), flush=True)  # noqa: T201
    print(f"{kills} kills, {faults} faults (--seed {seed})")  # noqa: T201
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
