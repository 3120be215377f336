"""Options of the commands that read a sweep folder: words such as ``format=latex``."""

from collections.abc import Mapping, Sequence

from dropout_lab.errors import ConfigError, list_allowed


def parse_options(command: str, words: Sequence[str], defaults: Mapping[str, str], usage: str) -> dict[str, str]:
    """Return the value of each option.

    Args:
        command: name of the command, for messages.
        words: words of the command line, such as ``format=latex``.
        defaults: default value of each option.
        usage: options of the command, for messages.

    Raises:
        ConfigError: a word is no option, or an option is given twice.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in defaults:
            raise ConfigError(f"{command} {word}: unknown option; {command} takes {usage}")
        if key in given:
            raise ConfigError(f"{command} {word}: {key} is given twice")
        given[key] = value
    return {**defaults, **given}


def choose(key: str, value: str, allowed: Sequence[str]) -> str:
    """Return a value that must be one of a few words.

    Raises:
        ConfigError: it is not.
    """
    if value not in allowed:
        raise ConfigError.of(key, value, list_allowed(value, allowed))
    return value


def split_names(value: str) -> list[str]:
    """Return the names in a value such as ``rate,variant`` or ``[rate,variant]``; an empty list for ``none``."""
    names = [name.strip() for name in value.removeprefix("[").removesuffix("]").split(",")]
    return [] if value == "none" else [name for name in names if name]
