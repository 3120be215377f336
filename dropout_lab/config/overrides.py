"""Words of the command line in Hydra's override grammar, and their values."""

import math
import re
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    OverrideType,
    RangeSweep,
    Sweep,
    ValueType,
)
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dropout_lab.config import GROUPS, list_settings
from dropout_lab.config.groups import EXPERIMENT, list_choices
from dropout_lab.errors import ConfigError, did_you_mean, format_setting, list_allowed
from dropout_lab.settings.fields import Setting, is_finite

NUMBER = re.compile(r"(?P<key>[a-z_]\w*(\.[a-z_]\w*)*)=(?P<text>(0|[1-9]\d{0,14})(\.\d{1,20}(e-?\d{1,2})?)?)", re.ASCII)
FEW_POINTS = 1000  # values of an axis that are checked one by one
LISTED = "see `dropout-lab list settings`"


@lru_cache(maxsize=4096)
def parse_override(word: str) -> Override:
    """Parse one ``key=value`` word in Hydra's override grammar.

    Plain numbers, of which large grids consist, are parsed here, a hundred times as fast.

    Raises:
        ConfigError: the word is not in the grammar.
    """
    number = NUMBER.fullmatch(word)
    if number:
        value = int(number["text"]) if number["text"].isdigit() else float(number["text"])
        kind, element = OverrideType.CHANGE, ValueType.ELEMENT
        return Override(type=kind, key_or_group=number["key"], value_type=element, _value=value, input_line=word)
    try:
        return OverridesParser.create().parse_override(word)
    except (HydraException, ValueError, ArithmeticError, RecursionError) as error:  # such as numbers of 5,000 digits
        shown = repr(shorten(word))
        if "=" not in word:
            raise ConfigError(f"cannot read {shown}: a setting is written NAME=VALUE") from None
        reason = (
            str(error)
            if isinstance(error, HydraException)
            else "a number is too long, or brackets are nested too deeply"
        )
        reason = shorten(reason.splitlines()[0])
        hint = "quote a value that contains special characters: 'out=\"a=b\"'"
        raise ConfigError(f"cannot read {shown} ({reason}); {hint}") from None


def selects_config_file(override: Override) -> bool:
    """Return whether Hydra must compose the word: it selects files (``model=cnn``, ``hydra/launcher=joblib``)."""
    key = override.key_or_group
    return key in GROUPS or key == EXPERIMENT or "/" in key or override.is_hydra_override()


@cache
def settings() -> dict[str, Setting]:
    """Return the settings that take a value; the ``kind`` of a group is chosen by its file."""
    return {entry.key: entry for entry in list_settings() if entry.name != "kind"}


def check_override(word: str) -> Override:
    """Reject a word that is invalid regardless of the others: an unknown key, or a value out of range on its axis.

    Raises:
        ConfigError: the word is invalid; the message is one line.
    """
    override = parse_override(word)
    key = override.key_or_group
    _check_axis(override)
    if override.is_hydra_override() or "/" in key:
        if override.is_sweep_override():
            raise ConfigError(f"{word}: a sweep over Hydra's own settings is not possible; give one value")
        return override
    if key == "study":
        raise ConfigError(f"{word}: not a setting of a sweep; run a study with `dropout-lab reproduce NAME`")
    change = override.type is OverrideType.CHANGE and override.package is None
    if (key not in settings() and key not in (*GROUPS, EXPERIMENT)) or not change:
        group, _, name = key.partition(".")
        known = [*settings(), *GROUPS, EXPERIMENT]
        elsewhere = [other for other in settings() if other.rpartition(".")[2] == (name or key)]
        if key in known and not change:
            raise ConfigError(f"{word}: write {key}=VALUE")
        meant = [group] if group in GROUPS and name == "kind" else elsewhere or known
        instead = f"did you mean {meant[0]!r}?" if meant is not known else did_you_mean(key, known, LISTED)
        raise ConfigError(f"no setting {key!r}; {instead}")
    if key == "seeds" and override.is_sweep_override():
        raise ConfigError(f"{word}: seeds cannot be an axis; use seeds=5 for seeds 0 to 4, or seeds=[0,3,7] for a list")
    if override.is_interval_sweep() and key not in settings():
        raise ConfigError(f"{word}: a range requires a numeric setting")
    for value in _values(override):
        if key in settings():
            if interpolates(value):
                _check_syntax(word, value)  # the resolved value is checked when the point is composed
            else:
                settings()[key].checked(value)
            continue
        if key == EXPERIMENT and value is None:
            continue  # experiment=null: no experiment
        names = value if isinstance(value, list) and key == "regularizer" else [value]
        if not all(isinstance(name, str) and name for name in names):
            raise ConfigError.of(key, value, list_allowed(value, list_choices(key)))
    return override


def _check_axis(override: Override) -> None:
    """Raise ConfigError for a range that does not end, and for an axis within a list of values."""
    value = override._value  # value() fails on some nested axes
    parts = value.list if isinstance(value, ChoiceSweep) else value
    if _holds_axis(parts):
        shown = shorten(str(override.input_line))
        raise ConfigError(f"{shown}: a list of values cannot contain range(), choice() or sort(); list the values")
    if isinstance(value, RangeSweep):
        count_range(override)


def _holds_axis(value: Any) -> bool:
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    return isinstance(parts, list) and any(isinstance(part, Sweep | Glob) or _holds_axis(part) for part in parts)


def count_points(override: Override) -> int:
    """Return the number of values of an axis; 1 for a single value and for a range to tune in."""
    value = override._value
    if isinstance(value, RangeSweep):
        return count_range(override)
    if isinstance(value, Glob):
        return len(value.filter(list_choices(override.key_or_group)))
    return len(value.list) if isinstance(value, ChoiceSweep) else 1


def count_range(override: Override) -> int:
    """Return the number of values of ``rate=range(0,0.9,0.1)``.

    Raises:
        ConfigError: an end is not finite, or the step does not lead from start to stop.
    """
    value = override._value
    assert isinstance(value, RangeSweep)
    shown = shorten(str(override.input_line))
    start, stop, step = value.start, value.stop, value.step
    if start is None or stop is None or not all(map(is_finite, (start, stop, step))):
        raise ConfigError(f"{shown}: must be range(START,STOP,STEP) with finite numbers")
    low, high, width = (Decimal(number) for number in (start, stop, step))
    if width == 0 or (high - low) / width < 0:
        raise ConfigError(f"{shown}: must have a step that leads from start to stop")
    return math.ceil((high - low) / width)


def shorten(text: str, most: int = 200) -> str:
    """Return a text for a message, cut in the middle if it is long."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 4 :]}"


def interpolates(value: Any) -> bool:
    """Return whether a value, or a part of it, is an interpolation such as ``${train.lr}``."""
    if isinstance(value, dict):
        return any(map(interpolates, value.values()))
    if isinstance(value, list):
        return any(map(interpolates, value))
    return isinstance(value, str) and "${" in value


def _check_syntax(word: str, value: Any) -> None:
    """Raise ConfigError for an interpolation that OmegaConf cannot parse."""
    try:
        OmegaConf.create([value])
    except OmegaConfBaseException as error:
        raise ConfigError(f"cannot read {word!r}: {str(error).splitlines()[0]}") from None


def _values(override: Override) -> list[Any]:
    """Return the values of a word: its single value, the values of its axis, or the ends of its range.

    Three values represent a long axis: they show whether it leaves the allowed range or requires whole numbers.
    """
    ends = parse_range(override)
    if ends is not None:
        return list(ends[:2])
    if override.is_range_sweep() and count_range(override) > FEW_POINTS:
        value, count = override._value, count_range(override)
        assert isinstance(value, RangeSweep)
        start, step = Decimal(value.start or 0), Decimal(value.step)
        whole = all(isinstance(number, int) for number in (value.start, value.stop, value.step))
        ends_and_second = [start + i * step for i in (0, 1, count - 1)]
        return [int(number) if whole else float(number) for number in ends_and_second]
    return [override_value(parse_override(point)) for point in split_axis(override)]


def parse_range(override: Override) -> tuple[float, float, bool] | None:
    """Return the ends of ``rate=interval(0,0.8)`` and whether it is tagged ``log``; None for any other word.

    Raises:
        ConfigError: the range is empty.
    """
    parsed = override.value()
    if not isinstance(parsed, IntervalSweep):
        return None
    whole = is_integer_setting(override.key_or_group)
    low, high = float(parsed.start or 0), float(parsed.end or 0)
    log = "log" in parsed.tags
    if not low < high or (log and low <= 0):
        room = "a range with 0 < START < STOP" if log else "a range with START < STOP"
        raise ConfigError(f"{override.input_line}: must be {room}")
    if whole and low.is_integer() and high.is_integer():
        return int(low), int(high), log
    return low, high, log


def is_integer_setting(key: str) -> bool:
    """Return whether a setting takes whole numbers."""
    return key in settings() and settings()[key].type is int


def override_value(override: Override) -> Any:
    """Return the value of a single-valued word; for a string setting the typed text, as in ``out=1.10``."""
    value = override.value()
    key = override.key_or_group
    if key in settings() and settings()[key].type is str and not isinstance(value, str | list | dict):
        return str(override.input_line).partition("=")[2]
    return value


def split_axis(override: Override) -> list[str]:
    """Return one word per point of an axis: ``rate=0,0.5`` gives ``rate=0`` and ``rate=0.5``. A range stays one word.

    Raises:
        ConfigError: the axis is empty or not supported.
    """
    if not override.is_sweep_override() or override.is_interval_sweep():
        return [str(override.input_line)]
    key = override.key_or_group
    pattern = override.value()
    if isinstance(pattern, Glob):
        words = [f"{key}={name}" for name in pattern.filter(list_choices(key))]
    elif override.is_choice_sweep() or override.is_range_sweep():
        try:
            words = [f"{key}={value}" for value in override.sweep_string_iterator()]
        except HydraException:
            raise ConfigError(f"{override.input_line}: must have a step that leads from start to stop") from None
    else:
        raise ConfigError(f"{override.input_line}: an axis must be a list of values, choice(), range() or glob()")
    if not words:
        raise ConfigError(f"{override.input_line}: the sweep is empty, because this axis has no value")
    return words


def format_value(value: Any) -> str:
    """Return a value in Hydra's grammar; words that the grammar would parse differently are quoted."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_value(v) for v in value) + "]"
    if isinstance(value, str | Path) and not re.fullmatch(r"[A-Za-z_/.][\w/.-]*", str(value), re.ASCII):
        escaped = re.sub(r'(\\*)"', r'\1\1\\"', str(value))
        return '"' + escaped + ("\\" if escaped.endswith("\\") else "") + '"'
    return format_setting(value)
