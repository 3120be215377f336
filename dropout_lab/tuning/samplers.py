"""Samplers that propose settings from the search space of an arm, with one ask-and-tell interface."""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from dropout_lab.errors import ConfigError
from dropout_lab.tuning.space import Dimension, unique_settings

Settings = dict[str, float]
ROUNDS = 4  # rounds of an adaptive sampler; the settings of a round are trained together
REPEATS = 5  # proposals per setting of a round, after which known settings are replaced by random ones
PATIENCE = 200  # draws per setting before giving up; in a small space most draws are duplicates


class Sampler(ABC):
    """Base class of samplers, which propose settings and receive their scores.

    The same space, budget, seed and scores give the same settings.

    Args:
        space: the dimensions, at least one.
        budget: total number of distinct settings to try; limited to the size of the space.
        seed: seed of the random draws.
    """

    def __init__(self, space: Sequence[Dimension], budget: int, seed: int):
        self.space = list(space)
        self.budget = int(min(budget, math.prod(dimension.size for dimension in space)))
        self.seed = seed
        self.asked: list[Settings] = []

    @abstractmethod
    def ask(self) -> list[Settings]:
        """Return the next settings to try, which may be trained together; an empty list when the budget is spent."""

    def tell(self, settings: Settings, score: float) -> None:  # noqa: B027 - a sampler need not learn
        """Receive the score of a setting: lower is better, infinite if a trial diverged."""

    def _all(self, settings: Sequence[Settings]) -> list[Settings]:
        """Return all settings at the first call, with duplicates replaced by random draws; afterwards an empty list."""
        if self.asked:
            return []
        stream, drawn = _Stream(self.space, self.seed), unique_settings(settings)[: self.budget]
        for _ in range(PATIENCE * self.budget):
            if len(drawn) == self.budget:
                break
            drawn = unique_settings([*drawn, stream.draw()])
        self.asked = drawn
        return drawn


class _Stream:
    """Settings drawn uniformly from a space.

    Each dimension has a separate random stream named by its key, so that arms that share a dimension try the same
    values of it.
    """

    def __init__(self, space: Sequence[Dimension], seed: int):
        self._space = space
        keys = [hashlib.sha256(f"{seed}/tune/{dimension.key}".encode()).digest()[:16] for dimension in space]
        self._random = [np.random.default_rng(int.from_bytes(key, "little")) for key in keys]

    def places(self) -> Settings:
        """Draw the next position in each dimension, from 0 to 1."""
        return {d.key: float(random.random()) for d, random in zip(self._space, self._random, strict=True)}

    def draw(self) -> Settings:
        """Draw the next setting."""
        places = self.places()
        return {d.key: d.at(places[d.key]) for d in self._space}


class RandomSampler(Sampler):
    """Random search (Bergstra and Bengio 2012, JMLR 13). A larger budget extends the settings of a smaller one."""

    def ask(self) -> list[Settings]:
        return self._all([])


class GridSampler(Sampler):
    """Grid search that fits any budget.

    One dimension is covered by evenly spaced values. Several dimensions are covered by a rank-1 lattice, in which all
    points differ in every dimension; among all such lattices, the one with the largest minimum distance is used.
    """

    def ask(self) -> list[Settings]:
        points = korobov_lattice(self.budget, len(self.space))
        return self._all([{d.key: d.at(place) for d, place in zip(self.space, point, strict=True)} for point in points])


def korobov_lattice(count: int, dimensions: int) -> np.ndarray:
    """Return points [count, dimensions] of the Korobov lattice in the unit cube with the largest minimum distance."""
    if count == 1:
        return np.full((1, dimensions), 0.5)
    best, best_lattice = -1.0, np.empty(0)
    offsets = np.array(list(product((-1, 0, 1), repeat=dimensions))) if dimensions <= 6 else np.zeros((1, dimensions))
    for step in (step for step in range(1, count) if math.gcd(step, count) == 1):
        powers = np.array([pow(step, d, count) for d in range(dimensions)])
        points = np.arange(count)[:, None] * powers % count / count
        # On the torus all points of a lattice are equivalent, so the distances from the first point are enough.
        apart = np.min(((points[1:, None, :] + offsets[None]) ** 2).sum(2))
        if apart > best + 1e-12:
            best, best_lattice = apart, points
    return best_lattice + 0.5 / count


class OptunaSampler(Sampler):
    """Tree-structured Parzen estimator of Optuna (Akiba et al. 2019), run in rounds of several settings.

    Raises:
        ConfigError: the extra ``optuna`` is not installed.
    """

    def __init__(self, space: Sequence[Dimension], budget: int, seed: int):
        super().__init__(space, budget, seed)
        try:
            import optuna
        except ImportError:
            raise ConfigError(
                "sampler=optuna: Optuna is not installed; run `pip install dropout-lab[optuna]`"
            ) from None
        # The first round is random. constant_liar keeps the proposals of one round apart.
        start = math.ceil(self.budget / ROUNDS)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=start, constant_liar=True)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # no message about the new study
        try:
            self._study = optuna.create_study(sampler=sampler)
        finally:
            optuna.logging.set_verbosity(verbosity)
        self._stream = _Stream(space, seed)
        self._open: list[tuple[Settings, Any]] = []
        self._fail = optuna.trial.TrialState.FAIL

    def ask(self) -> list[Settings]:
        size = min(math.ceil(self.budget / ROUNDS), self.budget - len(self.asked))
        settings: list[Settings] = []
        for attempt in range(PATIENCE * max(size, 0)):
            if len(settings) == size:
                break
            if attempt >= REPEATS * size:  # only known settings are proposed, but the budget must be spent
                places = self._stream.places()
                self._study.enqueue_trial(
                    {d.key: d.at(places[d.key]) if d.whole else places[d.key] for d in self.space}
                )
            trial = self._study.ask()
            one = {d.key: _suggest(trial, d) for d in self.space}
            if one in self.asked or one in settings:
                self._study.tell(trial, state=self._fail)
            else:
                settings.append(one)
                self._open.append((one, trial))
        self.asked += settings
        return settings

    def tell(self, settings: Settings, score: float) -> None:
        trial = next(trial for one, trial in self._open if one == settings)
        if math.isfinite(score):
            self._study.tell(trial, score)
        else:
            self._study.tell(trial, state=self._fail)


def _suggest(trial: Any, dimension: Dimension) -> float:
    if dimension.whole:
        return int(trial.suggest_int(dimension.key, int(dimension.low), int(dimension.high), log=dimension.log))
    # Optuna chooses a position in the range instead of the value, so that all samplers round in the same way.
    return dimension.at(trial.suggest_float(dimension.key, 0.0, 1.0))


SAMPLERS: dict[str, type[Sampler]] = {"random": RandomSampler, "grid": GridSampler, "optuna": OptunaSampler}
