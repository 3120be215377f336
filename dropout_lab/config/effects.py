"""The settings that can have an effect in a config, remembered from one point of a grid to the next."""

from functools import cache

from dropout_lab.config.conditions import get_value, has_effect
from dropout_lab.config.schema import Config, list_settings
from dropout_lab.settings.fields import Setting

_effective: dict[str, list[Setting]] = {}  # by the values that decide
MOST_REMEMBERED = 1000


def effective_settings(config: Config) -> list[Setting]:
    """Return the settings of a trial's identity that can have an effect in this config.

    The values that decide this are the same in most points of a grid, so that the result is remembered.
    """
    deciding = repr([get_value(key, config) for key in _conditions()])
    if deciding not in _effective:
        if len(_effective) >= MOST_REMEMBERED:
            _effective.clear()
        _effective[deciding] = [e for e in list_settings() if e.spec.identity and has_effect(e, config)]
    return _effective[deciding]


@cache
def _conditions() -> list[str]:
    """Return the keys whose values decide whether other settings have an effect."""
    pairs = [(entry.spec.when, entry.spec.unless) for entry in list_settings()]
    return sorted({condition[0] for pair in pairs for condition in pair if condition is not None})
