"""The prefixes ``+``, ``++`` and ``~`` of Hydra's override grammar, and their plain forms."""

import re
from collections.abc import Sequence
from types import NoneType

from hydra.core.override_parser.types import Override, OverrideType

from dropout_lab.config import GROUPS
from dropout_lab.config.groups import EXPERIMENT, list_choices
from dropout_lab.config.overrides import parse_override, settings
from dropout_lab.errors import ConfigError

PREFIXES = ("+", "~")
PARAMS = "hydra.sweeper.params"


def remove_prefixes(words: Sequence[str]) -> list[str]:
    """Return the words of a command with every prefix of Hydra replaced by the plain form of its word.

    ``+experiment=NAME`` becomes ``experiment=NAME``, ``++rate=0.5`` becomes ``rate=0.5``, and ``~regularizer`` becomes
    ``regularizer=none``. An axis in the parameters of Hydra's sweeper, ``+hydra.sweeper.params.rate="0,0.5"``, becomes
    ``rate=0,0.5`` unless ``rate`` is given, too. Other words for Hydra itself stay as they are.

    Raises:
        ConfigError: the word adds a setting that exists, or deletes one; the message is one line.
    """
    params = [word for word in words if re.match(rf"\+{{0,2}}{re.escape(PARAMS)}[.=]", word)]
    plain = [_plain_form(word) if word.startswith(PREFIXES) else word for word in words if word not in params]
    given = {word.partition("=")[0] for word in plain}
    return [*plain, *(word for each in params for word in _read_params(each) if word.partition("=")[0] not in given)]


def _read_params(word: str) -> list[str]:
    """Return the axes in a word such as ``hydra.sweeper.params={rate: "0,0.5"}``, which says the same as they do."""
    override = parse_override(word)
    name, value = override.key_or_group.removeprefix(PARAMS).lstrip("."), override.value()
    if name:
        return [f"{name}={value if isinstance(value, str) else word.partition('=')[2]}"]
    if not isinstance(value, dict | NoneType):
        raise ConfigError(f'{word}: must be a mapping from settings to their axes, such as {{rate: "0,0.5"}}')
    return [f"{key}={'null' if axis is None else axis}" for key, axis in (value or {}).items()]


def to_hydra(words: Sequence[str]) -> list[str]:
    """Return single-valued words as Hydra accepts them: an experiment is added to its defaults list with ``+``."""
    overrides = {word: parse_override(word) for word in words}
    chosen = {word for word, override in overrides.items() if override.key_or_group == EXPERIMENT}
    return [
        f"+{word.lstrip('+')}" if word in chosen else word
        for word, override in overrides.items()
        if word not in chosen or override.value() is not None
    ]


def _plain_form(word: str) -> str:
    override = parse_override(word)
    key, plain = override.key_or_group, word.lstrip("+")
    if override.is_hydra_override() or key.startswith("hydra/"):
        return word
    if override.type is OverrideType.DEL:
        return _deleted(word, override)
    if key in settings() or key in GROUPS:
        if override.type is OverrideType.ADD:
            raise ConfigError(f"{word}: {key} exists already, and + only adds; write {plain}")
        return plain
    if key == EXPERIMENT:
        return plain
    raise ConfigError(f"{word}: no setting {key!r}, and + adds none: each setting is defined by dropout-lab")


def _deleted(word: str, override: Override) -> str:
    """Return ``GROUP=none`` for the deletion of a group that has this choice."""
    key = override.key_or_group
    off = f"{key}=none" if "none" in list_choices(key) else "experiment=null" if key == EXPERIMENT else ""
    if off and "=" not in word:
        return off
    if off:
        raise ConfigError(f"{word}: ~ takes the name of the group alone; write {off}")
    if key in GROUPS:
        raise ConfigError(f"{word}: every trial needs a {key}; choose another one by {key}=CHOICE")
    if key in settings():
        raise ConfigError(f"{word}: a setting cannot be deleted; write {key}=VALUE, or leave it out for its default")
    raise ConfigError(f"{word}: no setting {key!r} to delete")
