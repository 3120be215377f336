"""Former names of settings, which keep working for one release.

To rename a setting, rename its field, give the field ``identity_key`` with the former key, and add a line to
:data:`~dropout_lab.settings.former_names.FORMER_KEYS`; where the former name implied other settings, to
:data:`DEPRECATED`. The former name is then replaced wherever settings are read: on the command line, in the Python API,
in study files, in a user's YAML files, in stored weights and in the columns of stored CSV files.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dropout_lab.config.schema import list_settings
from dropout_lab.errors import ConfigError, format_received
from dropout_lab.settings.fields import DeprecatedSetting
from dropout_lab.settings.former_names import FORMER_COLUMNS, FORMER_KEYS, update_row


@dataclass(frozen=True)
class Alias:
    """The replacement of a former name.

    Args:
        key: the current key of the setting.
        implied: group choices without which the setting has no effect, as group to choice.
    """

    key: str
    implied: Mapping[str, str] = field(default_factory=dict)

    def words(self, value: str) -> list[str]:
        """Return the settings as words of the command line."""
        return [*(f"{group}={choice}" for group, choice in self.implied.items()), f"{self.key}={value}"]


DEPRECATED = {
    "train.lr_decay": Alias("lr_schedule.gamma", {"lr_schedule": "exponential"}),
    "train.lr_hold": Alias("lr_schedule.hold"),
    **{former: Alias(current) for former, current in FORMER_KEYS.items()},
}


def current_key(key: str) -> str:
    """Return the current key of a setting; keys that are no former names are returned unchanged."""
    return DEPRECATED[key].key if key in DEPRECATED else key


def current_words(words: Iterable[str]) -> list[str]:
    """Replace former names in ``NAME=VALUE`` words, with a warning for each.

    Raises:
        ConfigError: a setting is given under both names, or with another choice than its former name implies.
    """
    words = list(words)
    given = dict(word.partition("=")[::2] for word in words)
    updated: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in DEPRECATED:
            updated.append(word)
            continue
        alias = DEPRECATED[key]
        if alias.key in given:
            raise ConfigError(
                f"{word}: {key} is the deprecated name of {alias.key}, which is also given; remove {key}="
            )
        for group, choice in alias.implied.items():
            if given.get(group, choice) != choice:
                raise _conflict(word, alias, value, f"{group}={given[group]}")
        _warn(key, alias, value)
        updated += [new for new in alias.words(value) if new not in updated and new not in words]
    return updated


def update_settings(settings: MutableMapping[str, Any], warn: bool = True) -> None:
    """Replace former names in composed or stored settings, in place.

    Args:
        settings: settings without a group by name, and one mapping per group by the name of the group.
        warn: whether the names were written by the user.

    Raises:
        ConfigError: the settings hold another choice than the former name implies.
    """
    for key, alias in DEPRECATED.items():
        group, _, name = key.rpartition(".")
        node = settings.get(group) if group else settings
        if node is None or name not in node:
            continue
        value = node.pop(name)
        for other, choice in alias.implied.items():
            chosen = settings.setdefault(other, {})
            if chosen.get("kind", choice) not in (choice, _default(f"{other}.kind")):
                raise _conflict(
                    f"{key}={format_received(value)}", alias, format_received(value), f"{other}={chosen['kind']}"
                )
            chosen["kind"] = choice
        if warn:
            _warn(key, alias, format_received(value))
        group, _, name = alias.key.rpartition(".")
        (settings.setdefault(group, {}) if group else settings)[name] = value


@cache
def former_columns() -> Mapping[str, str]:
    """Return the current column of each former column of a setting."""
    columns = {entry.key: entry.column for entry in list_settings()}
    with_column = {key: alias for key, alias in DEPRECATED.items() if key in FORMER_COLUMNS or key not in FORMER_KEYS}
    return {key: columns[alias.key] for key, alias in with_column.items()}


def update_columns(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> tuple[list[str], list[dict[str, str]]]:
    """Replace former names in the header and the rows of a stored CSV file.

    Where a row has a value under a former name, the columns of the groups get the choices that the name implies, and
    else, if they are new, the default choices.
    """
    header, rows = [FORMER_COLUMNS.get(name, name) for name in header], map(update_row, rows)
    columns = {entry.key: entry.column for entry in list_settings()}
    former = {key: column for key, column in former_columns().items() if key in header}
    implied = {key: {columns[f"{g}.kind"]: c for g, c in DEPRECATED[key].implied.items()} for key in former}
    names = [name for key in header for name in (*implied.get(key, ()), former.get(key, key))]
    groups = {group for key in former for group in DEPRECATED[key].implied}
    default = {columns[f"{g}.kind"]: _default(f"{g}.kind") for g in groups if columns[f"{g}.kind"] not in header}
    updated = []
    for row in rows:
        new = default | {key: value for key, value in row.items() if key not in former}
        for key in former:
            if row[key] != "":
                new |= {former[key]: row[key], **implied[key]}
        updated.append(new)
    return list(dict.fromkeys(names)), updated


@contextmanager
def deprecations_as_notes(say: Callable[[str], object]) -> Iterator[None]:
    """Pass the warnings about former names to ``say``, one line each, once per name and value."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", DeprecatedSetting)
        show = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, DeprecatedSetting):
                say(f"note: {message}")
            else:
                show(message, category, *place, **more)

        warnings.showwarning = note
        yield


@cache
def _default(key: str) -> Any:
    return next(entry.default for entry in list_settings() if entry.key == key)


def _warn(key: str, alias: Alias, value: str) -> None:
    instead = " ".join(alias.words(value))
    warnings.warn(f"{key} is deprecated and will be removed; write {instead}", DeprecatedSetting, stacklevel=1)


def _conflict(word: str, alias: Alias, value: str, given: str) -> ConfigError:
    meaning = " ".join(alias.words(value))
    return ConfigError(f"{word}: means {meaning}, but {given} is given; remove one of them")
