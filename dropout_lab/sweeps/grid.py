"""Arms: what is compared. Axes on the command line, and later studies and lists of arms, all compile to these."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from dropout_lab.compose import Points, check, parse, points, value_of
from dropout_lab.config import Config, settings_table
from dropout_lab.settings import ConfigError, exact, show
from dropout_lab.trial import Trial, canonical


@dataclass(frozen=True)
class Arm:
    """A label and what it stands for.

    Args:
        settings: the arm's place on each axis of its sweep, as shown to the user.
        config: the composed settings.
        words: what it was composed of, one value a word.
    """

    settings: tuple[tuple[str, str], ...]
    config: Config
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.settings) or self._plain

    @property
    def _plain(self) -> str:
        """The label of a sweep without axes."""
        point = canonical(self.config)
        return "none" if point.variant == "none" else f"{point.variant} rate={_shown(point.config.rate)}"

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """One trial a seed. Arms that come to the same thing have the same trials."""
        point = canonical(self.config)
        return tuple(Trial(point, seed) for seed in self.config.trial_seeds)


def expand(words: Sequence[str]) -> list[list[str]]:
    """The points of a grid: every combination of the axes, the last one fastest, as single-valued words.

    Args:
        words: ``key=value`` words, of which those with several values are axes.

    Raises:
        ConfigError: a word that can be known to be wrong by itself.
    """
    fixed = {entry.key for entry in settings_table() if not entry.varies}
    seen: set[str] = set()
    for word in words:
        override = check(word)
        key = override.key_or_group
        if key in seen:
            raise ConfigError(f"{key} is given twice")
        seen.add(key)
        if key in fixed and override.is_sweep_override():
            raise ConfigError(f"{word}: {key} is not an axis, it must be the same for the whole sweep")
    return [list(point) for point in product(*(points(parse(word)) for word in words))]


def arms(jobs: Sequence[Sequence[str]], composer: Points) -> list[Arm]:
    """The arms at these points of a grid, all validated, without repeats.

    Args:
        jobs: single-valued words of each point.
        composer: makes a config of them.

    Raises:
        ConfigError: an empty grid, or a point that is refused.
    """
    if not jobs:
        raise ConfigError("an empty sweep: there is nothing to train")
    shown = [{parse(w).key_or_group: _shown(value_of(parse(w))) for w in job} for job in jobs]
    axes = [key for key in shown[0] if len({s.get(key) for s in shown}) > 1]
    found: dict[tuple[tuple[str, str], ...], Arm] = {}
    for job, cells in zip(jobs, shown, strict=True):
        settings = tuple((key, cells[key]) for key in axes)
        found.setdefault(settings, Arm(settings, composer.config(job), tuple(job)))
    composer.check_all_taken()
    return list(found.values())


def _shown(value: Any) -> str:
    """A value in a label: regularizers joined in order, rates from input to output."""
    if isinstance(value, list):
        names = all(isinstance(v, str) for v in value)
        return ("+".join(sorted(value)) or "none") if names else "/".join(_shown(v) for v in value)
    return show(exact(value) if isinstance(value, float) else value)


def idle_axes(arms: Sequence[Arm]) -> list[str]:
    """Axes along which nothing ever changes, as the strength of a regularizer that is not chosen."""
    found = []
    for key, _ in arms[0].settings:
        others: dict[tuple[tuple[str, str], ...], set[tuple[str, ...]]] = {}
        for arm in arms:
            rest = tuple((k, v) for k, v in arm.settings if k != key)
            others.setdefault(rest, set()).add(tuple(trial.id for trial in arm.trials))
        if all(len(trials) == 1 for trials in others.values()):
            found.append(key)
    return found
