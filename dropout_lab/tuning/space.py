"""Search space of an arm, from the config files of its variant and regularizers and from ranges on the command line."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.config import current_key, get_value, list_settings
from dropout_lab.config.compose import parse_override, parse_range
from dropout_lab.errors import ConfigError
from dropout_lab.settings.fields import Setting, round_decimal
from dropout_lab.sweeps.grid import Arm
from dropout_lab.trial import canonical

DIGITS = 4  # significant digits of a drawn value, so that it can be typed by hand


@dataclass(frozen=True)
class Dimension:
    """A setting to tune and its range.

    Args:
        key: key of the setting.
        low, high: inclusive bounds of the range.
        log: whether the range is sampled on a logarithmic scale.
        whole: whether the values are integers.
    """

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, place: float) -> float:
        """Return the value at a relative position in the range, from 0 to 1."""
        low, high = self.low, self.high
        if self.whole:
            low, high = (low - 0.5, high + 0.5)
        value = low * (high / low) ** place if self.log else low + (high - low) * place
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(round_decimal(float(f"{value:.{DIGITS}g}")), self.low), self.high)

    @property
    def size(self) -> float:
        """Number of values; infinite for a range of real numbers."""
        return self.high - self.low + 1 if self.whole else math.inf


def search_space(arm: Arm) -> list[Dimension]:
    """Return the dimensions of an arm in the order of the settings.

    They are the ranges under ``tune:`` in the config files of its variant and regularizers, and the ranges that were
    typed. Settings with a given value and settings without effect are left out.

    Raises:
        ConfigError: a range is for an unknown or non-numeric setting, or exceeds the bounds of its setting.
    """
    config = arm.config
    parsed = [parse_override(word) for word in arm.words]
    given = {override.key_or_group for override in parsed if not override.is_sweep_override()}
    ranges: dict[str, Mapping[str, Any]] = {**config.variant.tune, **config.regularizer.tune}
    ranges = {current_key(key): bounds for key, bounds in ranges.items() if current_key(key) not in given}
    for override in parsed:
        ends = parse_range(override)
        if ends is not None:
            ranges[override.key_or_group] = dict(zip(("low", "high", "log"), ends, strict=True))
    table = {entry.key: entry for entry in list_settings()}
    for key in ranges.keys() - table.keys():
        raise ConfigError(f"tune: {key}: no such setting")
    made = [_dimension(table[key], ranges[key]) for key in table if key in ranges]
    return [dimension for dimension in made if _matters(dimension, arm)]


def _dimension(entry: Setting, bounds: Mapping[str, Any]) -> Dimension:
    if not {"low", "high"} <= set(bounds) <= {"low", "high", "log"}:
        raise ConfigError(f"tune: {entry.key}: must define low and high, and optionally log")
    low, high = (entry.checked(bounds[end]) for end in ("low", "high"))
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    log = bool(bounds.get("log", False))
    if not numbers or not low < high or (log and low <= 0):
        raise ConfigError(f"tune: {entry.key}: must be a range of numbers with low < high, and low > 0 for log")
    return Dimension(entry.key, low, high, log, entry.type is int)


def _matters(dimension: Dimension, arm: Arm) -> bool:
    """Return whether the setting changes the trials of an arm; the strength of a regularizer that is off does not."""
    if get_value(dimension.key, arm.config) is None and dimension.key.startswith("model."):
        return False  # the model has no such setting
    ends = [canonical(arm.changed({dimension.key: end})) for end in (dimension.low, dimension.high)]
    return ends[0].identity != ends[1].identity


def unique_settings(settings: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Return the settings without duplicates, in order."""
    return [dict(items) for items in dict.fromkeys(tuple(one.items()) for one in settings)]
