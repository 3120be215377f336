"""What a setting is: its range, its place in the CSV, in a trial's identity and in a pack; and the one-line error.

Every field of the schemas in :mod:`dropout_lab.config` carries a :class:`Spec`. The validation, the trial's hash, the
CSV header, the pack planner and the README's table are all read off these records.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Any, ClassVar, Literal, get_origin

from dropout_lab.errors import SIGNIFICANT_DIGITS, ConfigError, format_setting


class DeprecatedSetting(FutureWarning):
    """A setting was given under its former name."""


@dataclass(frozen=True)
class Spec:
    """The record of one setting.

    Args:
        help: one line for ``--help`` and the README.
        low, high: inclusive bounds unless ``open_low`` / ``open_high``.
        choices: allowed words, where the setting is one.
        check: returns the value in its one canonical form, or raises ``ValueError(what is allowed)``.
        allowed: what ``check`` allows, for the table.
        column: the CSV column; settings of a trial's identity without one follow under their key.
        identity_key: the key under which the setting enters a trial's identity, if not its own; so that a setting that
            is renamed leaves the ids of stored trials as they are.
        implied: values that the identity leaves out because other settings in it imply them.
        identity: whether the setting is part of what a trial is (and so of its hash).
        axis: whether a sweep may vary it; None for just those of the identity.
        pack: ``equal`` if trials of one pack must agree on it, ``own`` if each model of a pack has its own.
        when: a key, and the values of it under which this setting has an effect; for a list, those it may hold.
        unless: a key, and the values of it under which this setting has none.
        off: the value that means that the setting is not in use; it is then left out of the identity.
        empty: whether a list may have nothing in it.
        source: whether the setting says what the data are, and :func:`dropout_lab.data.load` is told.
    """

    help: str
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    check: Callable[[Any], Any] | None = None
    allowed: str = ""
    column: str | None = None
    identity: bool = True
    identity_key: str = ""
    implied: tuple[str, ...] = ()
    axis: bool | None = None
    pack: Literal["equal", "own"] = "equal"
    when: tuple[str, ...] | None = None
    unless: tuple[str, ...] | None = None
    off: Any = None
    source: bool = False
    empty: bool = False


def setting(default: Any, **spec: Any) -> Any:
    """A dataclass field with its :class:`Spec`."""
    metadata = {"spec": Spec(**spec)}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def round_decimal(value: float) -> float:
    """The float without the dust of binary arithmetic, so that equal settings hash alike."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0  # and no -0.0


@dataclass(frozen=True)
class Setting:
    """A setting in its place: the full key, the schema that owns it and the field's type and default."""

    key: str
    owner: type
    type: Any
    default: Any
    spec: Spec

    @property
    def name(self) -> str:
        """The field's own name, without its group."""
        return self.key.rpartition(".")[2]

    @property
    def column(self) -> str:
        return self.spec.column or self.key

    @property
    def identity_key(self) -> str:
        return self.spec.identity_key or self.key

    @property
    def varies(self) -> bool:
        """Whether a sweep may have it as an axis."""
        return self.spec.identity if self.spec.axis is None else self.spec.axis

    @property
    def allowed(self) -> str:
        """What the setting takes, in words: ``a number in [0, 1)``."""
        spec = self.spec
        if spec.allowed:
            return spec.allowed
        if spec.choices:
            return ("one of " if len(spec.choices) > 1 else "") + ", ".join(spec.choices)
        if self.type in (str, bool):
            return "a word" if self.type is str else "true or false"
        word = "a number" if self.type is float else "a whole number"
        word = "a list of whole numbers" if get_origin(self.type) is list else word
        if spec.low is not None and spec.high is not None:
            left, right = "(" if spec.open_low else "[", ")" if spec.open_high else "]"
            return f"{word} in {left}{format_setting(spec.low)}, {format_setting(spec.high)}{right}"
        if spec.low is not None:
            return f"{word} {'above' if spec.open_low else 'of at least'} {format_setting(spec.low)}"
        return word

    def checked(self, value: Any) -> Any:
        """The value in canonical form.

        Raises:
            ConfigError: it is of another type or out of range.
        """
        spec = self.spec
        if spec.check is not None:
            try:
                return spec.check(value)
            except ValueError as error:
                raise ConfigError.of(self.key, value, str(error)) from None
        if get_origin(self.type) is list:
            if not isinstance(value, list | tuple) or not (value or spec.empty):
                raise self._refused(value)
            return [self._number(v, int, value) for v in value]
        if self.type in (int, float):
            return self._number(value, self.type, value)
        if not isinstance(value, self.type) or value == "" or (spec.choices and value not in spec.choices):
            raise self._refused(value)
        return value

    def _refused(self, value: Any) -> ConfigError:
        return ConfigError.of(self.key, value, "must be " + self.allowed)

    def _number(self, value: Any, kind: type, whole: Any) -> int | float:
        """A number in canonical form; ``whole`` is the value that it is, or is an entry of."""
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise self._refused(whole)
        low, high = self.spec.low, self.spec.high
        too_low = low is not None and (value < low or (self.spec.open_low and value == low))
        too_high = high is not None and (value > high or (self.spec.open_high and value == high))
        if not math.isfinite(value) or too_low or too_high:
            raise self._refused(whole)
        return value if kind is int else round_decimal(value)


class Validated:
    """A frozen dataclass whose fields are validated on construction and brought to canonical form."""

    GROUP: ClassVar[str] = ""

    def __post_init__(self) -> None:
        schema: Any = type(self)
        for entry in list_fields(schema):
            object.__setattr__(self, entry.name, entry.checked(getattr(self, entry.name)))


@cache
def list_fields(schema: Any) -> tuple[Setting, ...]:
    """The settings one schema class brings, in the order of its fields."""
    prefix = f"{schema.GROUP}." if getattr(schema, "GROUP", "") else ""
    own = [f for f in fields(schema) if "spec" in f.metadata]
    return tuple(Setting(prefix + f.name, schema, f.type, _default(f), f.metadata["spec"]) for f in own)


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default
