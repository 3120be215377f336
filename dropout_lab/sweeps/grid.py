"""Arms, the settings that a sweep compares, and the expansion of axes, studies and named arms into them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from dropout_lab.config import Config, get_value, has_effect, list_settings
from dropout_lab.config.compose import (
    Composition,
    ConfigComposer,
    check_override,
    count_points,
    format_value,
    list_choices,
    override_value,
    parse_override,
    replace_settings,
    split_axis,
)
from dropout_lab.errors import ConfigError, format_setting, list_allowed
from dropout_lab.settings.fields import round_decimal
from dropout_lab.settings.validators import check_arms
from dropout_lab.trial import Trial, canonical

NAMED = "arm"  # the axis of named arms
LIMIT = "max_arms"


@dataclass(frozen=True)
class Arm:
    """One setting of a comparison: a label and its config.

    Args:
        settings: the arm's value on each axis of its sweep, as shown to the user.
        config: the composed settings.
        words: the overrides it was composed from, one value per word, and the ranges it may be tuned in; a word with an
            interpolation holds the resolved value.
        composition: the composition of the config, if its settings have interpolations.
        draws: for an arm that was tuned several times, the arm with the settings chosen in each draw of the tuning;
            their trials are those of this arm.
    """

    settings: tuple[tuple[str, str], ...]
    config: Config
    words: tuple[str, ...] = ()
    composition: Composition | None = field(default=None, compare=False, repr=False)
    draws: tuple["Arm", ...] = ()

    @property
    def label(self) -> str:
        return " ".join(v if key == NAMED else f"{key}={v}" for key, v in self.settings) or self._plain

    @property
    def _plain(self) -> str:
        """The label of a sweep without axes."""
        point = canonical(self.config)
        return "none" if point.variant == "none" else f"{point.variant} rate={shown_value(point.config.rate)}"

    @property
    def expressions(self) -> Mapping[str, Any]:
        """Settings with interpolations, unresolved, by full key."""
        return self.composition.expressions if self.composition else {}

    def changed(self, values: Mapping[str, Any]) -> Config:
        """Return the config with some settings replaced; interpolations of these settings are resolved again."""
        return self.composition.changed(values) if self.composition else replace_settings(self.config, values)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """One trial per seed. Equivalent arms have the same trials."""
        if self.draws:
            return tuple(trial for arm in self.draws for trial in arm.trials)
        if self.config.resplit:
            bases = {seed: self.config.base_seed + seed for seed in self.config.trial_seeds}
            return tuple(Trial(canonical(self.changed({"base_seed": base})), seed) for seed, base in bases.items())
        point = canonical(self.config)
        return tuple(Trial(point, seed) for seed in self.config.trial_seeds)


def expand_grid(words: Sequence[str], named: Mapping[str, Sequence[str]] | None = None) -> list[list[str]]:
    """Return the points of a grid: every combination of the axes, the last axis varying fastest.

    Args:
        words: ``key=value`` words. A word with several values is an axis; ``arms=`` is the axis of named arms.
        named: the arms of a study, label to single-valued words; replaces ``arms=``.

    Returns:
        one list of single-valued words per point.

    Raises:
        ConfigError: a word is invalid by itself, is given twice, or repeats a setting of an arm.
    """
    fixed = {entry.key for entry in list_settings() if not entry.varies}
    _check_size(words)
    axes: dict[str, list[list[str]]] = {}
    for word in words:
        override = check_override(word)
        key = override.key_or_group
        if key in axes:
            raise ConfigError(f"{key} is given twice")
        if key in fixed and override.is_sweep_override():
            raise ConfigError(f"{word}: {key} cannot be an axis; it must have one value for the whole sweep")
        if key == "arms" and named is None:
            axes[key] = _labelled(parse_arms(word))
        else:
            axes[key] = [[point] for point in split_axis(override)]
    if named is not None:
        axes = {"arms": _labelled(named), **axes}
    for arm in axes.get("arms", []):
        for key in {check_override(word).key_or_group for word in arm[1:]} & axes.keys():
            raise ConfigError(f"{arm[0]} sets {key}; leave out {key}=")
    return [[word for part in point for word in part] for point in product(*axes.values())]


def _check_size(words: Sequence[str]) -> None:
    """Raise ConfigError for a grid with more points than ``max_arms`` allows, before its axes are expanded."""
    overrides = [check_override(word) for word in words]
    asked = [override_value(override) for override in overrides if override.key_or_group == LIMIT]
    most = asked[0] if asked else next(entry.default for entry in list_settings() if entry.key == LIMIT)
    points = math.prod(count_points(override) for override in overrides)
    if points > most:
        raise ConfigError(
            f"{points:,} arms are more than {LIMIT}={most} allows; reduce the grid or set {LIMIT}={points}"
        )


def _labelled(named: Mapping[str, Sequence[str]]) -> list[list[str]]:
    return [[f"arms={format_value(label)}", *words] for label, words in named.items()]


def parse_arms(word: str) -> dict[str, list[str]]:
    """Return the arms of a word such as ``arms=none,inverted,[inverted,l2]``: label to words.

    Raises:
        ConfigError: a name is neither a variant nor a regularizer, or an arm has two variants.
    """
    known = {group: [name for name in list_choices(group) if name != "none"] for group in ("variant", "regularizer")}
    arms = {}
    for point in split_axis(parse_override(word)):
        value = override_value(parse_override(point))
        try:
            check_arms(value)
        except ValueError as error:
            raise ConfigError.of("arms", value, str(error)) from None
        names = [name for name in (value if isinstance(value, list) else [value]) if name != "none"]
        for name in names:
            if name not in {*known["variant"], *known["regularizer"]}:
                offered = ["none", *known["variant"], *known["regularizer"]]
                raise ConfigError.of("arms", name, list_allowed(name, offered))
        variants = [name for name in names if name in known["variant"]]
        if len(variants) > 1:
            raise ConfigError.of("arms", value, "an arm can have only one dropout variant")
        chosen = sorted({name for name in names if name in known["regularizer"]})
        words = [f"variant={(variants or ['none'])[0]}", f"regularizer={format_value(chosen or 'none')}"]
        arms["+".join([*variants, *chosen]) or "none"] = words
    return arms


def make_arms(jobs: Sequence[Sequence[str]], composer: ConfigComposer) -> list[Arm]:
    """Return the validated arms at these points of a grid, without duplicates.

    Args:
        jobs: single-valued words of each point.
        composer: composes a config from words.

    Raises:
        ConfigError: the grid is empty, or a point is invalid.
    """
    if not jobs:
        raise ConfigError("the sweep contains no arm")
    single = [[override for override in map(parse_override, job) if not override.is_sweep_override()] for job in jobs]
    shown = [{override.key_or_group: shown_value(override_value(override)) for override in job} for job in single]
    axes = _axes(shown)
    by_label: dict[tuple[tuple[str, str], ...], Arm] = {}
    for job, cells in zip(jobs, shown, strict=True):
        open_ = open_ranges(job)
        made = composer.composition([word for word in job if word not in open_])
        if open_ and not made.config.tune:
            raise ConfigError(f"{open_[0]}: a range requires tune=true")
        words = tuple(job)
        if made.expressions:
            words = tuple(_resolved(word, made) for word in job)
            cells |= {
                o.key_or_group: shown_value(override_value(o))
                for o in map(parse_override, words)
                if o.key_or_group in cells
            }
        settings = tuple((NAMED if key == "arms" else key, cells[key]) for key in axes)
        by_label.setdefault(settings, Arm(settings, made.config, words, made if made.expressions else None))
    composer.check_all_taken()
    _check_fixed(list(by_label.values()))
    return list(by_label.values())


def _resolved(word: str, made: Composition) -> str:
    """Return the word with its interpolation resolved; other words are returned unchanged."""
    override = parse_override(word)
    key = override.key_or_group
    if override.is_sweep_override() or key not in made.expressions:
        return word
    return f"{key}={format_value(get_value(key, made.config))}"


def _check_fixed(arms: Sequence[Arm]) -> None:
    """Raise ConfigError if an interpolation gives arms different values of a setting fixed for the whole sweep."""
    fixed = {entry.key for entry in list_settings() if not entry.varies and "." not in entry.key}
    for arm in arms:
        for key in fixed & arm.expressions.keys():
            values = [get_value(key, each.config) for each in (arms[0], arm)]
            if values[0] != values[1]:
                expression, both = format_setting(arm.expressions[key]), " and ".join(map(format_setting, values))
                raise ConfigError(f"{key}={expression}: must have one value for the whole sweep, got {both}")


def open_ranges(job: Sequence[str]) -> list[str]:
    """Return the words of a point that give a range to tune in instead of a value."""
    return [word for word in job if parse_override(word).is_sweep_override()]


def _axes(shown: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the keys that vary between points; keys determined by the name of the arm are left out."""
    several = "arms" in shown[0]
    axes = {}
    for key in dict.fromkeys(key for cells in shown for key in cells):
        values: dict[str, set[str | None]] = {}
        for cells in shown:
            values.setdefault(cells.get("arms", "") if key != "arms" else "", set()).add(cells.get(key))
        axes[key] = any(len(v) > 1 for v in values.values())
    return [key for key, varies in axes.items() if varies or (several and key == "arms")]


def shown_value(value: Any) -> str:
    """Format a value for a label: regularizers joined by ``+`` in sorted order, rates by ``/`` from input to output."""
    if isinstance(value, list):
        names = all(isinstance(v, str) for v in value)
        return ("+".join(sorted(value)) or "none") if names else "/".join(shown_value(v) for v in value)
    return format_setting(round_decimal(value) if isinstance(value, float) else value)


def ineffective_settings(arms: Sequence[Arm]) -> list[str]:
    """Return the settings of a command that have no effect, such as the strength of a regularizer that is off.

    These are the axes along which neither trials nor inference differ, and the single values that apply to no arm.
    """
    keys = []
    for key, _ in arms[0].settings:
        others: dict[tuple[tuple[str, str], ...], set[tuple[str, ...]]] = {}
        for arm in arms:
            rest = tuple((k, v) for k, v in arm.settings if k != key)
            others.setdefault(rest, set()).add((repr(arm.config.infer), *(trial.id for trial in arm.trials)))
        if all(len(trials) == 1 for trials in others.values()):
            keys.append(key)
    axes = {key for key, _ in arms[0].settings}
    typed = dict.fromkeys(word.partition("=")[0] for arm in arms for word in arm.words)
    alone = [entry for entry in list_settings() if entry.key in typed.keys() - axes]
    return keys + [entry.key for entry in alone if not any(has_effect(entry, arm.config) for arm in arms)]
