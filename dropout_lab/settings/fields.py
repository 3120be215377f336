"""Records of the settings (range, CSV column, role in a trial's identity and in a pack), and their validation.

Every field of the schemas in :mod:`dropout_lab.config`, and every option of a component, carries a :class:`Spec`. The
validation, the trial's hash, the CSV header, the pack planner and the README's table are all derived from these
records.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache, cached_property
from typing import Any, ClassVar, Literal, Self, get_origin

from dropout_lab.errors import SIGNIFICANT_DIGITS, ConfigError, format_setting, printable


class DeprecatedSetting(FutureWarning):
    """A setting was given under its former name."""


@dataclass(frozen=True)
class Spec:
    """The record of one setting.

    Args:
        help: one line for ``--help`` and the README.
        low, high: inclusive bounds unless ``open_low`` / ``open_high``.
        choices: the allowed words of a setting that is a word.
        check: returns the canonical form of a value, or raises ``ValueError(what is allowed)``.
        allowed: the values that ``check`` allows, in words, for the table of settings.
        column: the CSV column; identity settings without one get a column named after their key.
        identity_key: the key of the setting in a trial's identity, if it differs from the current key; it keeps the ids
            of stored trials unchanged when a setting is renamed.
        implied: values that the identity leaves out because other settings in it imply them.
        identity: whether the setting is part of a trial's identity, and so of its hash.
        axis: whether a sweep may vary it; None: if it is part of the identity.
        pack: ``equal`` if trials of one pack must agree on it, ``own`` if each model of a pack has its own value.
        when: a key followed by its values under which this setting has an effect; for a list, the entries it may hold.
            A key may name a property of the config, such as ``variant.layouts``.
        unless: a key followed by its values under which this setting has no effect.
        off: the value that turns the setting off; it is then left out of the identity.
        empty: whether a list may be empty.
        source: whether the setting describes the data source and is passed to :func:`dropout_lab.data.load`.
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
    when: tuple[Any, ...] | None = None
    unless: tuple[Any, ...] | None = None
    off: Any = None
    source: bool = False
    empty: bool = False


def setting(default: Any, **spec: Any) -> Any:
    """Return a dataclass field with its :class:`Spec`."""
    metadata = {"spec": Spec(**spec)}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def round_decimal(value: float) -> float:
    """Round a float to :data:`SIGNIFICANT_DIGITS` digits, so that equal settings have equal hashes."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0  # turns -0.0 into 0.0


def _is_text(value: Any) -> bool:
    """Return whether a string, or each one of a list, can be written to a line of a file."""
    if isinstance(value, list | tuple):
        return all(map(_is_text, value))
    return not isinstance(value, str) or value == "\t" or printable(value) == value  # a separator may be a tab


def is_finite(value: float) -> bool:
    """Return whether a number is finite and, if it is an integer, within the range of floats."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True)
class Setting:
    """A setting with its full key, the schema that owns it, and the type and default of its field."""

    key: str
    owner: type
    type: Any
    default: Any
    spec: Spec

    @cached_property
    def name(self) -> str:
        """The name of the field, without its group."""
        return self.key.rpartition(".")[2]

    @property
    def column(self) -> str:
        return self.spec.column or self.key

    @property
    def identity_key(self) -> str:
        return self.spec.identity_key or self.key

    @property
    def varies(self) -> bool:
        """Whether the setting may be an axis of a sweep."""
        return self.spec.identity if self.spec.axis is None else self.spec.axis

    @property
    def allowed(self) -> str:
        """The allowed values in words: ``a number in [0, 1)``."""
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
        """Return the value in canonical form.

        Raises:
            ConfigError: the value has another type or is out of range.
        """
        spec = self.spec
        if not _is_text(value):
            raise ConfigError.of(self.key, value, "must be text in UTF-8 without control characters such as line ends")
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
        """Return a number in canonical form; ``whole`` is the setting's value: the number, or the list with it."""
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise self._refused(whole)
        low, high = self.spec.low, self.spec.high
        too_low = low is not None and (value < low or (self.spec.open_low and value == low))
        too_high = high is not None and (value > high or (self.spec.open_high and value == high))
        if not is_finite(value) or too_low or too_high:
            raise self._refused(whole)
        return value if kind is int else round_decimal(value)


class Validated:
    """A frozen dataclass whose fields are validated on construction and converted to canonical form."""

    GROUP: ClassVar[str] = ""

    def __post_init__(self) -> None:
        schema: Any = type(self)
        for entry in list_fields(schema):
            object.__setattr__(self, entry.name, entry.checked(getattr(self, entry.name)))
        self.check_together()

    def check_together(self) -> None:
        """Raise ConfigError for values that are invalid in combination."""

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Return a copy with some fields replaced, of which only these are validated one by one.

        ``dataclasses.replace`` validates all fields again, which took most of the time of planning large grids.
        """
        schema: Any = type(self)
        table = _fields_by_name(schema)
        new = object.__new__(schema)
        new.__dict__.update((name, self.__dict__[name]) for name in _names(schema))
        for name, value in values.items():
            if name not in new.__dict__:
                raise TypeError(f"{schema.__name__} has no field {name!r}")
            new.__dict__[name] = table[name].checked(value) if name in table else value
        new.check_together()
        return new  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Options(Validated):
    """Base class of the options of a component: a frozen dataclass of fields with a :class:`Spec`.

    A class without fields stands for a component without options.
    """


def option_values(options: type[Options], source: object) -> dict[str, Any]:
    """Return the values of a component's options by name, read from the attributes of ``source``."""
    return {option.name: getattr(source, option.name) for option in fields(options)}


@cache
def list_fields(schema: Any) -> tuple[Setting, ...]:
    """Return the settings of one schema class, in the order of its fields."""
    prefix = f"{schema.GROUP}." if getattr(schema, "GROUP", "") else ""
    own = [f for f in fields(schema) if "spec" in f.metadata]
    return tuple(Setting(prefix + f.name, schema, f.type, _default(f), f.metadata["spec"]) for f in own)


@cache
def _fields_by_name(schema: Any) -> dict[str, Setting]:
    return {entry.name: entry for entry in list_fields(schema)}


@cache
def _names(schema: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(schema))


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default
