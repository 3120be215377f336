"""Trials: a config point in canonical form, a trial seed, and the hash that identifies them."""

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from typing import Any

from dropout_lab.config import (
    ROLES,
    Config,
    CustomConf,
    LRScheduleConf,
    ScheduleConf,
    effective_settings,
    get_value,
    has_effect,
    list_settings,
)
from dropout_lab.config.data import DataConf
from dropout_lab.data import FORMAT, DataError, count_training, fingerprint, joins_last
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.user_code import code_digest as code_of

# Version of the numerics, part of every trial id. Increase it when a change alters the results of stored trials.
NUMERICS = 4
DIGITS = 16  # hex digits of a digest of data or code


@dataclass(frozen=True)
class Point:
    """A config reduced to the settings that affect a trial, so that equivalent arms are equal and share their trials.

    Build it with :func:`canonical`.

    Args:
        config: the reduced config.
        listed: length of the original list of rates, which is lost if all rates are equal; 0 if the rate was a number.
    """

    config: Config
    listed: int = field(default=0, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        # Without the cached properties, which another thread may be adding while this one pickles.
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @cached_property
    def values(self) -> dict[str, Any]:
        """Every effective setting by key; settings that cannot affect the trial are left out."""
        config = self.config
        present = ((entry, get_value(entry.key, config)) for entry in effective_settings(config))
        settings = {e.key: v for e, v in present if v is not None and (e.spec.off is None or v != e.spec.off)}
        settings["regularizer"] = self.regularizer
        settings["device"] = config.device.partition(":")[0]  # the index of the GPU does not affect results
        return settings

    @cached_property
    def identity(self) -> str:
        """Canonical text of the settings, from which the hash is computed together with the seed."""
        # The digest covers the bytes of user data; the format number covers their interpretation by the reader.
        reader = {"data.format": FORMAT} if self.config.data.of_user else {}
        # Only trials that this rule affects change identity; the others keep their stored results.
        batches = {"train.last_batch": "joined"} if _may_join_last(self.config) else {}
        names, implied = _identity_keys()
        kept = {key: value for key, value in self.values.items() if value not in implied.get(key, ())}
        named = {names.get(key, key): value for key, value in kept.items()}
        return json.dumps({"numerics": NUMERICS, **named, **reader, **batches}, sort_keys=True)

    @property
    def pack_key(self) -> str:
        """Key that is equal for points that can share a pack if their variants agree or one of them has none."""
        return self._pack_keys[0]

    @property
    def noise_key(self) -> str:
        """Key of the variant and its options.

        ``variant.network`` is not part of it, because it defines the model.
        """
        return self._pack_keys[1]

    @cached_property
    def _pack_keys(self) -> tuple[str, str]:
        """The settings that the trials of a pack must share: all but those of the variant, and these."""
        equal = [e.key for e in list_settings() if e.spec.pack == "equal" and e.key in self.values]
        noise = {key for key in equal if key.startswith("variant.") and key != "variant.network"}
        parts = [key for key in equal if key not in noise], [key for key in equal if key in noise]
        texts = [json.dumps({key: get_value(key, self.config) for key in keys}, sort_keys=True) for keys in parts]
        return sys.intern(texts[0]), sys.intern(texts[1])  # equal in most points of a large grid

    @property
    def name(self) -> str:
        """Twelve hex digits, equal for all seeds."""
        return hashlib.sha256(self.identity.encode()).hexdigest()[:12]

    @property
    def variant(self) -> str:
        return self.config.variant.kind

    @property
    def regularizer(self) -> str:
        """Names of the chosen regularizers, such as ``early_stopping+l2``, or ``none``."""
        return "+".join(self.config.regularizer.names) or "none"

    @cached_property
    def columns(self) -> dict[str, Any]:
        """Columns of ``trials.csv`` for this point."""
        by_key = {entry.key: entry.column for entry in list_settings()}
        cells = {by_key[key]: _cell(value) for key, value in self.values.items() if key in by_key}
        return cells | {"regularizer": self.regularizer, "lr_schedule": self.config.lr_schedule.kind}


@dataclass(frozen=True)
class Trial:
    """One training run: a point and a trial seed."""

    point: Point
    seed: int

    def __getstate__(self) -> dict[str, Any]:
        # Without the cached properties, which another thread may be adding while this one pickles.
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @cached_property
    def id(self) -> str:
        """Twelve hex digits, equal on every machine for equal settings and seed."""
        return hashlib.sha256(f"{self.point.identity}|{self.seed}".encode()).hexdigest()[:12]

    @property
    def config(self) -> Config:
        return self.point.config

    @property
    def columns(self) -> dict[str, Any]:
        return {"trial_id": self.id, "seed": self.seed, **self.point.columns}


def canonical(config: Config) -> Point:
    """Reduce a config to its canonical form, so that configs with identical trials become equal.

    A list of equal rates becomes one rate, and a profile becomes a list of rates. If all rates are 0, the variant
    becomes ``none`` without a schedule; conversely, ``none`` sets all rates to 0. Variants that change the network are
    excepted and determine its activation. A schedule that never changes the learning rate becomes ``constant``.
    Regularizers without strength are removed. Constants are converted from a paper only if the variant scales during
    training. User data and the code of a custom model are replaced by their digests.

    Raises:
        ConfigError: user data or code are missing, a profile is used with a custom model, or the warm-up takes the
            whole training.
    """
    listed = len(config.rate) if isinstance(config.rate, list) else 0
    rates = config.site_rates
    rate: Any = rates[0] if len(set(rates)) == 1 else rates
    config = _own_rates(config, rates[0], rate)
    idle = not any([rate, config.input_rate, *(getattr(config, f"{role}_rate") for role in ROLES)])
    if config.variant.kind == "none" or (idle and config.variant.network == "as_is"):
        off = config.variant.changed({"kind": "none", "network": "as_is"})
        config = config.changed({"variant": off, "rate": 0.0, "input_rate": 0.0, **_without(OWN_RATES)})
    else:
        config = config.changed({"rate": 0.0 if idle else rate, "profile": "flat"})
    if idle or config.variant.kind == "none":
        config = config.changed({"schedule": ScheduleConf(), "profile": "flat"})
    if idle or config.variant.kind in ("none", "standard"):
        config = config.changed({"convert_paper_constants": False})  # no layer rescales in training, as in the paper
    config = config.changed({"lr_schedule": _lr_schedule(config)})
    if config.variant.network == "selu" and hasattr(config.model, "activation"):
        config = config.changed({"model": config.model.changed({"activation": "selu"})})
    chosen = dict.fromkeys(config.regularizer.names, True)
    config = config.changed({"regularizer": config.regularizer.changed({"chosen": chosen})})
    if isinstance(config.model, CustomConf):
        digest = config.model.digest[:DIGITS] or code_of(config.model.target)
        config = config.changed({"model": config.model.changed({"digest": digest})})
    return Point(config.changed({"data": _with_digest(config.data)}) if config.data.of_user else config, listed)


def _may_join_last(config: Config) -> bool:
    """Return whether the last batch of an epoch has one example and joins the batch before it.

    If the number of training examples is unknown without the data, return whether this is possible.
    """
    data, batch_size = config.data, config.train.batch_size
    if data.is_stream:  # batches are windows of a text
        return False
    fractions = {"test_fraction": data.test_fraction, "val_fraction": data.val_fraction}
    count = count_training(data.kind, name=data.name, examples=data.examples, train_size=data.train_size, **fractions)
    return batch_size > 1 if count is None else joins_last(count, batch_size)


def _lr_schedule(config: Config) -> LRScheduleConf:
    """Return the learning-rate schedule; the constant one if the learning rate never changes."""
    schedule, epochs = config.lr_schedule.schedule, config.train.epochs
    if schedule.warm_up_epochs >= epochs:
        allowed = f"must be below train.epochs={epochs}, because the learning rate would never reach train.lr"
        raise ConfigError.of("lr_schedule.warm_up", schedule.warm_up_epochs, allowed)
    return LRScheduleConf() if schedule.is_constant else config.lr_schedule


OWN_RATES = tuple(f"{role}_rate" for role in ROLES)


def _own_rates(config: Config, first: float, rate: Any) -> Config:
    """Set the input rate to a number; remove rates of site roles that equal the common rate or have no effect."""
    given = config.input_rate
    if given is None:
        given = first if config.variant.drops_input else 0.0
    idle = {name for name in OWN_RATES if getattr(config, name) == rate}
    idle |= {entry.key for entry in list_settings() if entry.key in OWN_RATES and not has_effect(entry, config)}
    if not config.data.is_text:
        idle.add("embedding_rate")
    if getattr(config.model, "layers", 1) == 1:
        idle.add("inter_layer_rate")
    return config.changed({"input_rate": given, **_without(idle)})


def _without(names: Iterable[str]) -> dict[str, Any]:
    return dict.fromkeys(names)


def _with_digest(data: DataConf) -> DataConf:
    """Add the digest of user data, which identifies them by content, independent of their path."""
    try:
        return data.changed({"digest": data.digest[:DIGITS] or fingerprint(data.kind, data.path)})
    except DataError as error:
        raise ConfigError(str(error)) from None


@cache
def _identity_keys() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return, by key, the names of the settings in an identity, and the values that it leaves out."""
    entries = list_settings()
    names = {entry.key: entry.identity_key for entry in entries}
    return names, {entry.key: entry.spec.implied for entry in entries if entry.spec.implied}


def _cell(value: Any) -> Any:
    return "/".join(format_setting(v) for v in value) if isinstance(value, list) else value
