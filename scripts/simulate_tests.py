"""Simulate the size and the power of the test behind every verdict, for the tables of docs/concepts/statistics.md."""

# ruff: noqa: T201
import sys

import numpy as np

from dropout_lab.stats.mean_test import MeanTest, two_sided_p
from dropout_lab.stats.paired import sign_flip
from dropout_lab.stats.power import detectable_effect

SIZES = (5, 6, 8, 10, 15, 20)
LEVELS = (0.05, 0.05 / 7)


def draw(random: np.random.Generator, samples: int, n: int) -> dict[str, np.ndarray]:
    """Return values [samples, n] with mean 0 of several distributions."""
    shape = (samples, n)
    outlier = np.where(random.random(shape) < 0.1, 4.5, -0.5) + random.normal(0, 0.3, shape)
    accuracies = random.binomial(360, 0.98, shape) - random.binomial(360, 0.98, shape)
    return {
        "normal": random.normal(0, 1, shape),
        "differences of accuracies, 360 examples": accuracies / 360,
        "integers, many ties": np.round(random.normal(0, 1, shape)),
        "Student's t, 3 degrees of freedom": random.standard_t(3, shape),
        "exponential": random.exponential(1, shape) - 1,
        "Poisson of mean 0.5": random.poisson(0.5, shape) - 0.5,
        "lognormal": random.lognormal(0, 1, shape) - np.exp(0.5),
        "one in ten is an outlier of 5": outlier,
    }


def simulate_size(samples: int) -> None:
    """Print the percentage of samples in which a true bound is rejected on each side, and by the sign-flip test."""
    random = np.random.default_rng(0)
    print("| distribution | level | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("| --- | --- |" + " --- |" * len(SIZES))
    found: dict[tuple[str, float], list[str]] = {}
    for n in SIZES:
        for name, values in draw(random, samples, n).items():
            p = np.array(two_sided_p([MeanTest(row) for row in values]))
            alone, low = sign_flip(values), values.mean(1) < 0
            for level in LEVELS:
                sides = [100 * np.mean((p <= level) & side) for side in (low, ~low)]
                text = f"{sides[0]:.1f} + {sides[1]:.1f} ({100 * np.mean(alone <= level):.1f})"
                found.setdefault((name, level), []).append(text)
    for (name, level), cells in found.items():
        print(f"| {name} | {100 * level:.2g} % | " + " | ".join(cells) + " |")


def simulate_power(samples: int) -> None:
    """Print the power for normal values at the effect that is reported as detectable, and the effect."""
    random = np.random.default_rng(1)
    print("\n| level | " + " | ".join(f"n = {n}" for n in SIZES[1:]) + " |")
    print("| --- |" + " --- |" * len(SIZES[1:]))
    for level in LEVELS:
        cells = []
        for n in SIZES[1:]:
            effect = detectable_effect(n, level)
            p = [] if effect is None else two_sided_p([MeanTest(row) for row in random.normal(effect, 1, (samples, n))])
            cells.append("-" if effect is None else f"{effect:.2f} SD: {100 * np.mean(np.array(p) <= level):.0f} %")
        print(f"| {100 * level:.2g} % | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    simulate_size(count)
    simulate_power(count // 4)
