"""Which settings are tried: samplers over the space of an arm, all asked and told alike."""

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
ROUNDS = 4  # in which a sampler that learns spends its budget; the settings of a round are trained together
REPEATS = 5  # of known settings that a sampler may come back with before one is drawn for it
PATIENCE = 200  # draws for each setting, of which a small space may repeat most


class Sampler(ABC):
    """Gives settings to try, and is told how they did.

    The same space, budget and seed give the same settings, if what is told is the same.

    Args:
        space: the dimensions, at least one.
        budget: how many different settings are tried in all; fewer if the space has no more.
        seed: of what is drawn.
    """

    def __init__(self, space: Sequence[Dimension], budget: int, seed: int):
        self.space = list(space)
        self.budget = int(min(budget, math.prod(dimension.size for dimension in space)))
        self.seed = seed
        self.asked: list[Settings] = []

    @abstractmethod
    def ask(self) -> list[Settings]:
        """The next settings to be tried, which may be trained together; none when the budget is spent."""

    def tell(self, settings: Settings, score: float) -> None:  # noqa: B027 - a sampler need not learn
        """Take in how a setting did: less is better, infinite if it diverged."""

    def _all(self, settings: Sequence[Settings]) -> list[Settings]:
        """Everything at once, the first time; filled up at random where some were the same."""
        if self.asked:
            return []
        stream, found = _Stream(self.space, self.seed), unique_settings(settings)[: self.budget]
        for _ in range(PATIENCE * self.budget):
            if len(found) == self.budget:
                break
            found = unique_settings([*found, stream.draw()])
        self.asked = found
        return found


class _Stream:
    """Settings drawn evenly from a space. Each dimension has a stream of its own, named by its key, so that arms that
    share a dimension try the same values of it."""

    def __init__(self, space: Sequence[Dimension], seed: int):
        self._space = space
        keys = [hashlib.sha256(f"{seed}/tune/{dimension.key}".encode()).digest()[:16] for dimension in space]
        self._random = [np.random.default_rng(int.from_bytes(key, "little")) for key in keys]

    def places(self) -> Settings:
        """The next place in each dimension, from 0 to 1."""
        return {d.key: float(random.random()) for d, random in zip(self._space, self._random, strict=True)}

    def draw(self) -> Settings:
        """The values at the next places."""
        places = self.places()
        return {d.key: d.at(places[d.key]) for d in self._space}


class RandomSampler(Sampler):
    """Random search (Bergstra and Bengio 2012, JMLR 13). A larger budget goes on where a smaller one ended."""

    def ask(self) -> list[Settings]:
        return self._all([])


class GridSampler(Sampler):
    """Evenly spaced values of one dimension. Several are covered by a lattice of rank 1, of which every point has a
    value of its own in each dimension, so that any budget is spent whole; of all such lattices that of the points
    farthest apart."""

    def ask(self) -> list[Settings]:
        points = korobov_lattice(self.budget, len(self.space))
        return self._all([{d.key: d.at(place) for d, place in zip(self.space, point, strict=True)} for point in points])


def korobov_lattice(count: int, dimensions: int) -> np.ndarray:
    """Points of the unit cube, [count, dimensions]: the Korobov lattice with the largest smallest distance."""
    if count == 1:
        return np.full((1, dimensions), 0.5)
    best, found = -1.0, np.empty(0)
    offsets = np.array(list(product((-1, 0, 1), repeat=dimensions))) if dimensions <= 6 else np.zeros((1, dimensions))
    for step in (step for step in range(1, count) if math.gcd(step, count) == 1):
        powers = np.array([pow(step, d, count) for d in range(dimensions)])
        points = np.arange(count)[:, None] * powers % count / count
        # All points look alike on the torus, so that the distance of the first to the others will do.
        apart = np.min(((points[1:, None, :] + offsets[None]) ** 2).sum(2))
        if apart > best + 1e-12:
            best, found = apart, points
    return found + 0.5 / count


class OptunaSampler(Sampler):
    """The tree-structured Parzen estimator of Optuna (Akiba et al. 2019), asked for a round of settings at a time.

    Raises:
        ConfigError: the extra is not installed.
    """

    def __init__(self, space: Sequence[Dimension], budget: int, seed: int):
        super().__init__(space, budget, seed)
        try:
            import optuna
        except ImportError:
            raise ConfigError("sampler=optuna: needs the extra, `pip install dropout-lab[optuna]`") from None
        # The first round is drawn at random; the settings of a round must not all be the same guess.
        start = math.ceil(self.budget / ROUNDS)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=start, constant_liar=True)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # creating a study is no news
        try:
            self._study = optuna.create_study(sampler=sampler)
        finally:
            optuna.logging.set_verbosity(verbosity)
        self._stream = _Stream(space, seed)
        self._open: list[tuple[Settings, Any]] = []
        self._fail = optuna.trial.TrialState.FAIL

    def ask(self) -> list[Settings]:
        size = min(math.ceil(self.budget / ROUNDS), self.budget - len(self.asked))
        found: list[Settings] = []
        for attempt in range(PATIENCE * max(size, 0)):
            if len(found) == size:
                break
            if attempt >= REPEATS * size:  # it insists on what is known; the budget is to be spent all the same
                places = self._stream.places()
                self._study.enqueue_trial(
                    {d.key: d.at(places[d.key]) if d.whole else places[d.key] for d in self.space}
                )
            trial = self._study.ask()
            one = {d.key: _suggest(trial, d) for d in self.space}
            if one in self.asked or one in found:  # no news
                self._study.tell(trial, state=self._fail)
            else:
                found.append(one)
                self._open.append((one, trial))
        self.asked += found
        return found

    def tell(self, settings: Settings, score: float) -> None:
        trial = next(trial for one, trial in self._open if one == settings)
        if math.isfinite(score):
            self._study.tell(trial, score)
        else:
            self._study.tell(trial, state=self._fail)


def _suggest(trial: Any, dimension: Dimension) -> float:
    if dimension.whole:
        return int(trial.suggest_int(dimension.key, int(dimension.low), int(dimension.high), log=dimension.log))
    # A place in the range and not the value itself, so that all samplers round alike.
    return dimension.at(trial.suggest_float(dimension.key, 0.0, 1.0))


SAMPLERS: dict[str, type[Sampler]] = {"random": RandomSampler, "grid": GridSampler, "optuna": OptunaSampler}
