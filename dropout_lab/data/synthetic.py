"""Synthetic regression sets with known truth, drawn from the base seed alone."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dropout_lab.data.dataset import Dataset
from dropout_lab.data.source import DataSource
from dropout_lab.settings import MOST, Options, setting

REACH = 4.0  # x covers [-REACH, REACH] without the gap, where a network should be uncertain
GAP = (0.5, 2.0)


@dataclass(frozen=True)
class SyntheticOptions(Options):
    """Options of the synthetic sets."""

    examples: int = setting(1000, low=10, high=MOST, source=True, help="number of examples to generate")
    noise: float = setting(0.1, low=0, high=MOST, source=True, help="standard deviation of the noise")


@dataclass(frozen=True)
class TeacherOptions(SyntheticOptions):
    """Options of the linear teacher."""

    features: int = setting(20, low=1, high=10_000, source=True, help="number of features to generate")


class SineSource(DataSource):
    """A noisy sine."""

    kinds: ClassVar[tuple[str, ...]] = ("noisy_sine",)
    options: ClassVar[type[Options]] = SyntheticOptions


class TeacherSource(DataSource):
    """A linear teacher."""

    kinds: ClassVar[tuple[str, ...]] = ("linear_teacher",)
    options: ClassVar[type[Options]] = TeacherOptions


def noisy_sine(examples: int = 1000, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Draw y = sin(x) + noise * N(0, 1), with x uniform on [-4, 4] outside a gap from 0.5 to 2.

    Args:
        examples: N.
        noise: standard deviation of the noise.
        seed: the base seed.
    """
    random = _stream("noisy_sine", seed)
    left = (GAP[0] + REACH) / (2 * REACH - (GAP[1] - GAP[0]))  # fraction of the range to the left of the gap
    place, error = random.random(examples), random.standard_normal(examples)
    x = np.where(place < left, -REACH, GAP[1] - left * (2 * REACH - (GAP[1] - GAP[0])))
    x = x + place * (2 * REACH - (GAP[1] - GAP[0]))
    return _regression("noisy_sine", x[:, None], np.sin(x), noise * error)


def linear_teacher(examples: int = 1000, features: int = 20, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Draw y = x w + noise * N(0, 1), with x from N(0, 1) and w from N(0, 1/F), so that x w has variance 1.

    With a linear student, dropout on the input is ridge regression with a known strength (Wager et al. 2013).

    Args:
        examples: N.
        features: F.
        noise: standard deviation of the noise.
        seed: the base seed.
    """
    random = _stream("linear_teacher", seed)
    weights = random.standard_normal(features) / np.sqrt(features)
    x, error = random.standard_normal((examples, features)), random.standard_normal(examples)
    return _regression("linear_teacher", x, x @ weights, noise * error)


def _regression(name: str, x: np.ndarray, truth: np.ndarray, error: np.ndarray) -> Dataset:
    x, y, truth = (values.astype(np.float32) for values in (x, truth + error, truth))
    return Dataset(name, "regression", x, y, truth=truth)


def _stream(name: str, seed: int) -> np.random.Generator:
    """Return the base seed's stream ``data/<name>``, by the rule of :mod:`dropout_lab.rng`, which imports torch."""
    key = hashlib.sha256(f"{seed}/data/{name}".encode()).digest()[:16]
    return np.random.Generator(np.random.SFC64(int.from_bytes(key, "little")))


SYNTHETIC: dict[str, Callable[..., Dataset]] = {"noisy_sine": noisy_sine, "linear_teacher": linear_teacher}
