"""What may be chosen for an arm: its dimensions, from the files of its variant and regularizers and from ranges."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.config import current_key, get_value, list_settings
from dropout_lab.config.compose import parse_override, parse_range
from dropout_lab.config.fields import Setting, round_decimal
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.grid import Arm
from dropout_lab.trial import canonical

DIGITS = 4  # of a value drawn: what a person would type


@dataclass(frozen=True)
class Dimension:
    """One setting that is chosen.

    Args:
        key: of the setting.
        low, high: its range, both included.
        log: whether it is divided evenly by ratio and not by difference.
        whole: whether its values are whole numbers.
    """

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, place: float) -> float:
        """The value at a place of the range, from 0 to 1."""
        low, high = self.low, self.high
        if self.whole:
            low, high = (low - 0.5, high + 0.5)
        value = low * (high / low) ** place if self.log else low + (high - low) * place
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(round_decimal(float(f"{value:.{DIGITS}g}")), self.low), self.high)

    @property
    def size(self) -> float:
        """How many values there are; infinite for a range of real numbers."""
        return self.high - self.low + 1 if self.whole else math.inf


def search_space(arm: Arm) -> list[Dimension]:
    """The dimensions of an arm, in the order of the settings: what the files of its variant and its regularizers say
    under ``tune:``, and the ranges that were typed, without what was given a value and what changes nothing.

    Raises:
        ConfigError: a range of a setting that there is not, that is no number, or out of its bounds.
    """
    config = arm.config
    parsed = [parse_override(word) for word in arm.words]
    given = {override.key_or_group for override in parsed if not override.is_sweep_override()}
    found: dict[str, Mapping[str, Any]] = {**config.variant.tune, **config.regularizer.tune}
    found = {current_key(key): bounds for key, bounds in found.items() if current_key(key) not in given}
    for override in parsed:
        ends = parse_range(override)
        if ends is not None:
            found[override.key_or_group] = dict(zip(("low", "high", "log"), ends, strict=True))
    table = {entry.key: entry for entry in list_settings()}
    for key in found.keys() - table.keys():
        raise ConfigError(f"tune: {key}: there is no such setting")
    made = [_dimension(table[key], found[key]) for key in table if key in found]
    return [dimension for dimension in made if _matters(dimension, arm)]


def _dimension(entry: Setting, bounds: Mapping[str, Any]) -> Dimension:
    if not {"low", "high"} <= set(bounds) <= {"low", "high", "log"}:
        raise ConfigError(f"tune: {entry.key}: must have low and high, and perhaps log")
    low, high = (entry.checked(bounds[end]) for end in ("low", "high"))
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    log = bool(bounds.get("log", False))
    if not numbers or not low < high or (log and low <= 0):
        raise ConfigError(f"tune: {entry.key}: must be a range of numbers from less to more")
    return Dimension(entry.key, low, high, log, entry.type is int)


def _matters(dimension: Dimension, arm: Arm) -> bool:
    """Whether the setting changes the trials of an arm; a strength whose regularizer is off does not."""
    if get_value(dimension.key, arm.config) is None and dimension.key.startswith("model."):
        return False  # the model has no such setting
    ends = [canonical(arm.changed({dimension.key: end})) for end in (dimension.low, dimension.high)]
    return ends[0].identity != ends[1].identity


def unique_settings(settings: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Settings without repeats, in their order."""
    return [dict(items) for items in dict.fromkeys(tuple(one.items()) for one in settings)]
