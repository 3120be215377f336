"""Check that small networks on the digits reach the accuracy that many seeds have shown."""

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean

from dropout_lab.checks.figure import Figure
from dropout_lab.checks.trials import compose_trials
from dropout_lab.data import load
from dropout_lab.process_settings import use_threads
from dropout_lab.train.loop import train_pack

WORDS = [
    "data=digits",
    "model.hidden=[32]",
    "variant=inverted",
    "rate=0.3",
    "train=adam",
    "train.lr=0.01",
    "train.batch_size=64",
    "train.epochs=4",
]
SEEDS = 20  # of the check
PACK = 50  # seeds that are trained together
MEASURES = ("test_accuracy", "train_loss")
# Mean and standard deviation over the seeds 1000 to 1999, by measure_seeds(range(1000, 2000)), measured with
# torch 2.13.0 on an x86-64 CPU. tests/checks/test_digits_accuracy.py measures them again.
DERIVED_SEEDS = 1000
DERIVED = {"test_accuracy": (0.928295, 0.009566), "train_loss": (0.299683, 0.033025)}
# The mean of the check's seeds lies in DERIVED's mean +- WIDTH * sqrt(SD^2 / SEEDS + SD^2 / DERIVED_SEEDS). A correct
# installation is outside with probability 6e-5 for each measure.
WIDTH = 4.0


def check_digits_accuracy(folder: Path) -> list[Figure]:
    """Train :data:`SEEDS` networks and compare the means of their measures with the derived ones."""
    measured = measure_seeds(range(SEEDS))
    return [Figure(f"mean {name}", fmean(measured[name]), *mean_bounds(name)) for name in MEASURES]


def mean_bounds(name: str) -> tuple[float, float]:
    """Return the interval of the mean of a measure over :data:`SEEDS` seeds."""
    mean, deviation = DERIVED[name]
    half = WIDTH * deviation * sqrt(1 / SEEDS + 1 / DERIVED_SEEDS)
    return mean - half, mean + half


def measure_seeds(seeds: Sequence[int]) -> dict[str, list[float]]:
    """Train one network per seed and return its measures by name."""
    with use_threads(1):
        trials = compose_trials([*WORDS, f"seeds=[{','.join(map(str, seeds))}]"])
        packs = [trials[i : i + PACK] for i in range(0, len(trials), PACK)]
        results = [result for pack in packs for result in train_pack(pack, load("digits"))]
    return {name: [result.measured[name] for result in results] for name in MEASURES}
